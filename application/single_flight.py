"""Reads that many callers want at the same moment, done once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Without it every request in progress refreshes a cache whose entry has just grown too old.

    Whoever joins gets an answer that was asked for a moment before: of a read, not of a change.
    """

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K, read: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Raises what `read` raises, to all who wait. One who is cancelled cancels nobody."""
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.get_running_loop().create_task(read())
            running.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(running)
