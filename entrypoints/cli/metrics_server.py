"""One page for one scraper: `GET /metrics`."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

# Several scrapers, or one that is impatient, ask the database no more often than this.
FRESH_SECONDS: Final = 5.0
READ_SECONDS_MAX: Final = 10.0

Read = Callable[[], Awaitable[bytes]]

_log = logging.getLogger(__name__)


class MetricsPage:
    """What `read` gave, for some seconds. When it fails, 503: old figures would look sound."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._one_at_a_time = asyncio.Lock()
        self._page = b""
        self._read_at: float | None = None

    async def serve(self, _request: web.Request) -> web.Response:
        try:
            page = await self._fresh()
        except Exception:  # noqa: BLE001 - whatever it is, the scraper sees that there is nothing
            _log.exception("the figures cannot be read")
            return web.Response(status=503, text="the figures cannot be read\n")
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _fresh(self) -> bytes:
        clock = asyncio.get_running_loop().time
        async with self._one_at_a_time:
            if self._read_at is None or clock() - self._read_at >= FRESH_SECONDS:
                async with asyncio.timeout(READ_SECONDS_MAX):
                    self._page = await self._read()
                self._read_at = clock()
            return self._page


async def serve_metrics(read: Read, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT. Raises `OSError` when nothing can listen there."""
    application = web.Application()
    application.router.add_get("/metrics", MetricsPage(read).serve)
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        await web.TCPSite(runner, host, port).start()
        bound_host, bound_port, *_ = runner.addresses[0]
        ready(f"http://{bound_host}:{bound_port}/metrics")
        await stopping.wait()
    finally:
        await runner.cleanup()
