"""Work that goes on when the client that asked for it has hung up."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar

from domain.shared.errors import DomainError

T = TypeVar("T")

DRAIN_MAX: Final = timedelta(seconds=20)

_log = logging.getLogger(__name__)


class Background:
    """Keeps a reference to every task it starts: the event loop alone would not."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # Perhaps nobody awaits it any more, so this is the one place that surely sees a failure.
        # Refusals are answers and not worth a line.
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, DomainError):
            _log.error("background work failed", exc_info=error)

    async def drain(self, patience: timedelta = DRAIN_MAX) -> int:
        """Waits for what is running; how many were still not done when the patience ended."""
        if not self._tasks:
            return 0
        _, left = await asyncio.wait(set(self._tasks), timeout=patience.total_seconds())
        return len(left)
