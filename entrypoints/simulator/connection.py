"""Silence on the wire, and its end."""

import asyncio

from aiohttp import web

HOLD_MS_MAX = 30_000
CHECK_MS = 25  # how soon a client that hung up is noticed


async def pause(closing: asyncio.Event, ms: int) -> None:
    """Waits, but not longer than the server lives."""
    try:
        async with asyncio.timeout(min(ms, HOLD_MS_MAX) / 1_000):
            await closing.wait()
    except TimeoutError:
        return


async def hold(request: web.Request, closing: asyncio.Event, ms: int) -> web.Response:
    """Says nothing until the client is gone, `ms` have passed or the server stops; then cuts the
    connection. The answer returned is for a socket that no longer exists.
    """
    left_ms = min(ms, HOLD_MS_MAX)
    while left_ms > 0 and not closing.is_set() and _is_open(request):
        await pause(closing, min(CHECK_MS, left_ms))
        left_ms -= CHECK_MS
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=504)


def _is_open(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
