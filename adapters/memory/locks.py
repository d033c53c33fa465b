"""Row locks: one holder each, the others queue."""

import asyncio
from collections.abc import Hashable
from typing import TypeAlias

from domain.shared.ids import TenantId

# Table, tenant and key of a row, which need not exist yet.
RowName: TypeAlias = tuple[str, TenantId, Hashable]


class _Queue:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class RowLocks:
    """Locks exist while somebody holds or awaits them, so the store does not grow with them."""

    def __init__(self) -> None:
        self._queues: dict[RowName, _Queue] = {}

    def is_free(self, name: RowName) -> bool:
        return name not in self._queues

    async def acquire(self, name: RowName) -> None:
        queue = self._queues.setdefault(name, _Queue())
        queue.users += 1
        try:
            await queue.lock.acquire()
        except BaseException:  # also a cancelled wait leaves the queue
            self._leave(name, queue)
            raise

    def release(self, name: RowName) -> None:
        queue = self._queues[name]
        queue.lock.release()
        self._leave(name, queue)

    def _leave(self, name: RowName, queue: _Queue) -> None:
        queue.users -= 1
        if queue.users == 0:
            del self._queues[name]
