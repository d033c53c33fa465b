"""A vendor and a second one of its kind, who know what is asked of them and may kill who asks."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import web

from entrypoints.simulator.control import CONTROL_PREFIX
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from entrypoints.simulator.vendor import Credentials
from tests.soak.matrix.cells import (
    EXECUTION_ANSWERED,
    EXECUTION_RECEIVED,
    LOOKUP_ANSWERED,
    LOOKUP_RECEIVED,
)

CREDENTIALS: Final = Credentials("partner-key-1", "partner-secret-1")
SEED: Final = 7
# Of a lookup: as often as an adapter repeats it, or it would not be seen.
REPEATED: Final = {"lookup_5xx": 2}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Caller:
    """The process whose requests come in, and where at the vendor it is to be killed."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self.kill_at: str | None = None
        self.passed: list[str] = []

    def expect(self, *, kill_at: str | None) -> None:
        self.pid, self.kill_at, self.passed = None, kill_at, []

    def reached(self, point: str) -> None:
        self.passed.append(point)
        if point == self.kill_at and self.pid is not None:
            self.kill_at = None
            # It may have ended by itself, tired of waiting: then nobody was met.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class VendorProcess:
    """Requests are served in this process, over HTTP all the same."""

    def __init__(self, running: RunningSimulator, session: aiohttp.ClientSession) -> None:
        self.url = running.url
        self._control = running.control_url
        self._session = session

    async def arm(self, fault: str) -> None:
        await self._call("POST", "faults", {"fault": fault, "count": REPEATED.get(fault)})

    async def disarm(self) -> None:
        await self._call("DELETE", "faults")

    async def set_balances(self, dialect: str) -> None:
        for asset, amount in DIALECTS[dialect].opening_balances.items():
            await self._call("POST", "balances", {"asset": asset, "amount": f"{amount:f}"})

    async def hold_prices(self, prices: Mapping[str, str]) -> None:
        for instrument, price in prices.items():
            await self._call("POST", "prices", {"instrument": instrument, "price": price})

    async def executions(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = (await self._call("GET", "executions"))["data"]
        return listed

    async def _call(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(method, f"{self._control}/{path}", data=data) as answer:
            raw = await answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {raw!r}")
            return msgspec.json.decode(raw, type=dict[str, Any])


def watched(caller: Caller) -> Handler:
    """Told of each request when it is in, and when its answer is about to leave."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        executes = request.method == "POST"
        caller.reached(EXECUTION_RECEIVED if executes else LOOKUP_RECEIVED)
        response = await handler(request)
        # Nobody waits any more for an answer that was kept back until the client hung up.
        if request.transport is not None and not request.transport.is_closing():
            caller.reached(EXECUTION_ANSWERED if executes else LOOKUP_ANSWERED)
        return response

    return watch  # type: ignore[return-value]  # a middleware, which aiohttp tells by its mark


def asked(note: Callable[[], Awaitable[None]]) -> Handler:
    """`note` is awaited before each execution that this vendor is asked for."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and not request.path.startswith(CONTROL_PREFIX):
            await note()
        return await handler(request)

    return watch  # type: ignore[return-value]  # as above


@asynccontextmanager
async def vendor(
    dialect: str, watch: Handler, session: aiohttp.ClientSession
) -> AsyncIterator[VendorProcess]:
    app = create_simulator(dialect, seed=SEED, credentials=CREDENTIALS, rate_limits=False)
    app.middlewares.append(watch)  # type: ignore[arg-type]  # as above
    running = await serve(app)
    try:
        yield VendorProcess(running, session)
    finally:
        await running.close()
