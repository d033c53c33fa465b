"""What one open transaction is besides its changes: its tenant, its locks, and how it ends."""

import asyncio
from datetime import datetime, timedelta
from typing import Final, Protocol

from adapters.memory.locks import RowLocks, RowName
from application.errors import Overloaded
from application.ports.clock import Clock
from domain.shared.errors import invariant
from domain.shared.ids import TenantId

# Far longer than any transaction lasts: whoever waits this long waits in a circle.
LOCK_WAIT_MAX: Final = timedelta(seconds=2)


class Changes(Protocol):
    def apply(self) -> None: ...


class Session:
    def __init__(self, tenant_id: TenantId, *, clock: Clock, locks: RowLocks) -> None:
        self.tenant_id = tenant_id
        self._clock = clock
        self._locks = locks
        self._held: set[RowName] = set()
        self._enlisted: list[Changes] = []
        self._open = True
        self._usable = True
        self._lost = False

    def now(self) -> datetime:
        """The database's clock."""
        return self._clock.now()

    def enlist(self, changes: Changes) -> None:
        self._enlisted.append(changes)

    def require_usable(self) -> None:
        invariant(self._open, "the transaction has ended")
        invariant(self._usable, "after what failed in it, the transaction can only be left")

    def holds(self, name: RowName) -> bool:
        return name in self._held

    async def lock(self, name: RowName, *, patience: timedelta = LOCK_WAIT_MAX) -> None:
        """Until the end of the transaction. Raises `Overloaded` when patience runs out."""
        self.require_usable()
        # Others get their turn here, as they would while a real store is asked.
        await asyncio.sleep(0)
        if name in self._held:
            return
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._locks.acquire(name)
        except TimeoutError:
            raise Overloaded(f"a row of {name[0]} stayed locked") from None
        self._held.add(name)

    async def try_lock(self, name: RowName) -> bool:
        """Without waiting; False when another transaction holds the row."""
        if name in self._held or self._locks.is_free(name):
            await self.lock(name)
            return True
        return False

    def unlock(self, name: RowName) -> None:
        """For a row that turned out not to be ours to write."""
        self._held.remove(name)
        self._locks.release(name)

    def spoil(self) -> None:
        """Nothing more can be read or written, as after a statement the database refused."""
        self._usable = False

    def lose(self) -> None:
        """Somebody else did this work: it can be looked at, and no longer be committed."""
        self._lost = True

    async def commit(self) -> None:
        await asyncio.sleep(0)
        self.require_usable()
        invariant(not self._lost, "a transaction that lost its race is left, not committed")
        for changes in self._enlisted:
            changes.apply()
        self.end()

    def end(self) -> None:
        """Changes that were not applied by now never are."""
        self._open = False
        for name in self._held:
            self._locks.release(name)
        self._held.clear()
