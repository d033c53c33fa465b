"""Copies of one request that arrive while the first is at work, kept away from the database.

Each process knows only its own; across processes the unique key of the record decides. So this is
never what makes a request idempotent: it keeps a thousand copies from holding connections.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from application.errors import IdempotencyInProgress
from domain.shared.ids import TenantId

PATIENCE: Final = timedelta(milliseconds=50)
# Copies that outlasted the first all want to read its outcome at the same moment.
COPIES_AT_ONCE: Final = 4


class InFlight:
    def __init__(self, patience: timedelta = PATIENCE) -> None:
        self._patience_seconds = patience.total_seconds()
        self._at_work: dict[tuple[TenantId, str], asyncio.Event] = {}
        self._copies = asyncio.Semaphore(COPIES_AT_ONCE)

    @asynccontextmanager
    async def entry(self, tenant_id: TenantId, key: str) -> AsyncIterator[bool]:
        """Yields True to the first; a copy waits for it to finish and then gets False, few at once.

        Raises `IdempotencyInProgress` when the first takes longer than the patience.
        """
        name = (tenant_id, key)
        running = self._at_work.get(name)
        if running is not None:
            try:
                async with asyncio.timeout(self._patience_seconds):
                    await running.wait()
            except TimeoutError:
                raise IdempotencyInProgress(
                    "the first request with this key has not finished", key=key
                ) from None
            async with self._copies:
                yield False
            return
        done = self._at_work[name] = asyncio.Event()
        try:
            yield True
        finally:
            del self._at_work[name]
            done.set()
