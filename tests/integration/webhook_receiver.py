"""A partner's server on this machine: what arrived, when, and how many at a time."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

STATUS: Final = {"fails": 500, "gone": 410}


class Arrived(msgspec.Struct, frozen=True):
    path: str
    id: str
    type: str
    at: datetime


class Receiver:
    """`/fine/…` says 204, `/hangs/…` says nothing, `/fails/…` says 500, `/gone/…` says 410."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.most_at_once: Counter[str] = Counter()
        self._at_once: defaultdict[str, int] = defaultdict(int)
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path: str, event_type: str | None = None) -> list[Arrived]:
        return [
            each for each in self.arrived if each.path == path and event_type in {None, each.type}
        ]

    async def until(self, count: int, path: str, *, seconds: float, event_type: str) -> None:
        """Returns when so many of one type have arrived there."""
        async with asyncio.timeout(seconds):
            while len(self.of(path, event_type)) < count:
                await self._news.wait()
                self._news.clear()

    async def _take(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        name = f"{request.path} {request.headers['webhook-id']}"
        self._at_once[name] += 1
        self.most_at_once[name] = max(self.most_at_once[name], self._at_once[name])
        self.arrived.append(Arrived(request.path, body["id"], body["type"], datetime.now(UTC)))
        self._news.set()
        try:
            if request.path.startswith("/hangs/"):
                await self._over.wait()
            await asyncio.sleep(0)
        finally:
            self._at_once[name] -= 1
        return web.Response(status=STATUS.get(request.path.split("/")[1], 204))


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{path:.*}", receiver._take)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        receiver._over.set()
        await runner.cleanup()
