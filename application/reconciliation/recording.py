"""One commit of the house: what was read is compared with the books, and all of it recorded."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from application import crash_points
from application.idempotency import claim
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.reconciliation import Statement, StatementExists
from application.ports.unit_of_work import Transaction, UnitOfWork
from application.reconciliation.books import Books, ReadBooks
from application.reconciliation.comparing import Comparing, Comparison, Known
from application.reconciliation.reading import StatementRead
from domain.shared.errors import Conflict
from domain.shared.ids import StatementId
from domain.tenants.tenant import HOUSE_TENANT_ID

RESOURCE = "reconciliation_run"

Check = Callable[[Statement | None], None]
"""Judges a statement against the one before it, under the source's lock. Raises a refusal."""


class Overtaken(Conflict):
    """Nothing was kept. What is compared was read before another statement came."""


class AlreadyRun(msgspec.Struct, frozen=True):
    statement_id: StatementId


class RecordStatement:
    """- Everything of a run is kept in one commit, or nothing.
    - Two runs of one source never mix: the later one is told that it was overtaken.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._books = ReadBooks(uow=uow)
        self._clock = clock
        self._ids = ids

    async def execute(
        self,
        read: StatementRead,
        *,
        previous: Statement | None,
        request: IdempotentRequest | None = None,
        check: Check = lambda _: None,
    ) -> Comparison | AlreadyRun:
        """Raises `SourceExists`, `Overtaken`, `StatementExists` and `TooMuchToReconcile`."""
        books = await self._books.execute(read, previous)
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            if request is not None:
                new_id = self._ids.new()
                earlier = await claim(tx, request, resource=RESOURCE, resource_id=new_id)
                if earlier is not None:
                    return AlreadyRun(StatementId(earlier))
                ids = _starting_with(new_id, self._ids.new)
            else:
                ids = self._ids.new
            await tx.reconciliation.add_source(read.source)
            await tx.reconciliation.lock(read.source.name)
            if await tx.reconciliation.has_digest(read.source.name, read.digest):
                raise StatementExists("this statement was read before", source=read.source.name)
            known = await self._known(tx, read, books)
            if known.previous != previous:
                raise Overtaken("another run of this source has just finished")
            check(previous)
            found = Comparing(read, books, known, at=self._clock.now(), ids=ids).compare()
            await _record(tx, found)
            if crash_points.armed:
                await crash_points.reach(crash_points.RECON_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.RECON_COMMITTED)
        return found

    async def _known(self, tx: Transaction, read: StatementRead, books: Books) -> Known:
        name, kept = read.source.name, tx.reconciliation
        items = books.items(read.source)
        open_breaks = await kept.open_breaks(name)
        refs = {line.ref for line in read.lines} | {ref for item in items for ref in item.refs}
        line_ids = [each.line_id for each in open_breaks if each.line_id is not None]
        return Known(
            previous=await kept.last_statement(name),
            open_breaks=open_breaks,
            lines=await kept.lines(line_ids),
            names=await kept.names(name, sorted(refs)),
            finished=await kept.finished(each.key for each in books.side.entries),
        )


async def _record(tx: Transaction, found: Comparison) -> None:
    kept = tx.reconciliation
    await kept.add_statement(found.statement, found.lines)
    if crash_points.armed:
        await crash_points.reach(crash_points.RECON_STATEMENT)
    await kept.add_matches(found.matches)
    if crash_points.armed:
        await crash_points.reach(crash_points.RECON_MATCHES)
    # Before the new ones: a line or an entry may have left an old break for a new one.
    await kept.update_breaks(found.changed)
    await kept.add_breaks(found.opened)


def _starting_with(first: UUID, more: Callable[[], UUID]) -> Callable[[], UUID]:
    waiting = [first]
    return lambda: waiting.pop() if waiting else more()
