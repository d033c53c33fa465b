"""Posts that are a transaction by themselves: one round trip for a plain one."""

from typing import Final

import asyncpg

from adapters.postgres.connection import acquired
from adapters.postgres.journal_at_once import PostAtOnce, post_at_once
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import BROKEN, BUSY
from application.errors import CommitUnknown, IdempotencyInProgress, Overloaded
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.commands import Batch, Post
from domain.ledger.outcomes import ACCEPTED, Outcome
from domain.shared.ids import TenantId

# Somebody did the same at the same moment, or a connection broke: the next look tells what it is.
TRIES_MAX: Final = 3


class PostgresLedger:
    def __init__(self, *, pool: asyncpg.Pool, uow: UnitOfWork, known: KnownAccounts) -> None:
        self._pool = pool
        self._uow = uow
        self._known = known

    async def post(self, tenant_id: TenantId, batch: Batch) -> tuple[Outcome, ...]:
        keyed = all(command.request is not None for command in batch)
        lost: Exception | None = None
        for tries in range(1, TRIES_MAX + 1):
            try:
                return await self._try(tenant_id, batch, at_once=tries == 1)
            except (IdempotencyInProgress, Overloaded):
                # Nothing was done by this try; but an earlier one may have been committed.
                if tries == TRIES_MAX and lost is None:
                    raise
            except BROKEN as error:
                lost = error
            if lost is not None and (tries == TRIES_MAX or not keyed):
                raise CommitUnknown("the connection broke while it was posting") from lost
        raise AssertionError("every try returns or raises")

    async def _try(
        self, tenant_id: TenantId, batch: Batch, *, at_once: bool
    ) -> tuple[Outcome, ...]:
        if at_once and len(batch) == 1 and isinstance(batch[0], Post):
            plain = PostAtOnce(tenant_id, is_strict=self._known.is_strict)
            arguments = plain.arguments(batch[0])
            if arguments is not None and await self._at_once(arguments):
                return (ACCEPTED,)
        async with self._uow.begin(tenant_id) as tx:
            outcomes = await tx.journal.post(batch)
            await tx.commit()
        return outcomes

    async def _at_once(self, arguments: tuple[object, ...]) -> bool:
        """No transaction is begun, so the call is one, and what a constraint refuses is undone."""
        async with acquired(self._pool) as connection:
            try:
                return await post_at_once(connection, arguments)
            except BUSY as error:
                raise Overloaded("the database is busy with the same rows") from error
