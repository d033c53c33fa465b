"""Waiting for what comes next in a tenant's feed, with nothing held meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from application.errors import Overloaded
from application.ports.unit_of_work import UnitOfWork
from application.single_flight import SingleFlight
from domain.shared.ids import TenantId

LOOK_EVERY: Final = timedelta(milliseconds=250)
# Of this process. A waiter costs a task; each tenant that has any, one look in a while.
WAITERS_MAX: Final = 500
WAITERS_OF_TENANT_MAX: Final = 20

Pause = Callable[[timedelta], Awaitable[None]]


async def pause(duration: timedelta) -> None:
    await asyncio.sleep(duration.total_seconds())


class FeedWatch:
    """`pause` is how time passes between two looks."""

    def __init__(self, *, uow: UnitOfWork, pause: Pause = pause) -> None:
        self._uow = uow
        self._pause = pause
        self._waiters: Counter[TenantId] = Counter()
        self._looks = SingleFlight[TenantId, int]()
        self._stopping = False

    def stop(self) -> None:
        """Who waits is answered at the next look, and nobody waits any more."""
        self._stopping = True

    async def beyond(self, tenant_id: TenantId, seq: int, *, patience: timedelta) -> bool:
        """Whether an event after `seq` came in time. Raises `Overloaded` when too many wait."""
        self._enter(tenant_id)
        try:
            # Looks that are slow are not added to the wait.
            async with asyncio.timeout(patience.total_seconds()):
                return await self._look_out(tenant_id, seq, looks=-(-patience // LOOK_EVERY))
        except TimeoutError:
            return False
        finally:
            self._waiters -= Counter({tenant_id: 1})

    async def _look_out(self, tenant_id: TenantId, seq: int, *, looks: int) -> bool:
        for _ in range(looks):
            if self._stopping:
                return False
            await self._pause(LOOK_EVERY)
            if await self._looks.get(tenant_id, lambda: self._last_seq(tenant_id)) > seq:
                return True
        return False

    async def _last_seq(self, tenant_id: TenantId) -> int:
        async with self._uow.begin(tenant_id) as tx:
            return await tx.events.last_seq()

    def _enter(self, tenant_id: TenantId) -> None:
        tenant_is_full = self._waiters[tenant_id] >= WAITERS_OF_TENANT_MAX
        if tenant_is_full or self._waiters.total() >= WAITERS_MAX:
            raise Overloaded("too many requests wait for events already")
        self._waiters[tenant_id] += 1
