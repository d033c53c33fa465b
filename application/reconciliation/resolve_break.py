from collections.abc import Iterable, Sequence

import msgspec

from application import crash_points
from application.idempotency import Answer, claim
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.reconciliation import MatchRecord
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.account import AccountKey
from domain.ledger.commands import Post
from domain.ledger.templates import (
    Header,
    ReconciliationAccounts,
    reconciliation_adjustment,
    resolve,
)
from domain.reconciliation import breaks
from domain.reconciliation.breaks import Break
from domain.reconciliation.matching import MatchRule
from domain.reconciliation.sides import ItemKey
from domain.shared.errors import InvariantViolation, NotFound, RuleViolation
from domain.shared.ids import (
    BreakId,
    IdPrefix,
    LineId,
    MatchId,
    TransactionId,
    encode_id,
)
from domain.tenants.tenant import HOUSE_TENANT_ID

RESOURCE = "reconciliation_break"


class BreaksDoNotCancel(RuleViolation):
    """Only breaks of one source and asset whose units add up to zero are one movement."""

    code = "breaks_do_not_cancel"


class ResolveCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`operator` is who does it: the label of a personal key."""

    break_id: BreakId
    operator: str
    request: IdempotentRequest | None = None


class ResolveBreak:
    """- A break ends by a match, a posted adjustment, or a write-off of two operators.
    - Breaks that cancel each other out to the unit may be matched with each other.
    - An adjustment puts our account right against suspense; a write-off against profit and loss.
    - Who proposed a write-off cannot approve it. Anybody may say no.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def assign(self, break_id: BreakId, owner: str | None) -> Break:
        """`owner` looks after it, which decides nothing. Raises `NotFound` or `BreakNotOpen`."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            known = await _locked(tx, break_id)
            changed = breaks.assigned(known, owner, at=self._clock.now())
            await tx.reconciliation.update_breaks((changed,))
            await tx.commit()
        return changed

    async def propose(self, command: ResolveCommand, *, reason: str) -> Answer[Break]:
        """Raises `NotFound` or `BreakNotOpen`."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            if (replay := await self._replay(tx, command)) is not None:
                return replay
            known = await _locked(tx, command.break_id)
            at = self._clock.now()
            changed = breaks.proposed(known, by=command.operator, reason=reason, at=at)
            return await _finish(tx, changed)

    async def withdraw(self, command: ResolveCommand) -> Answer[Break]:
        """Raises `NotFound` or `WriteOffNotProposed`."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            if (replay := await self._replay(tx, command)) is not None:
                return replay
            known = await _locked(tx, command.break_id)
            return await _finish(tx, breaks.withdrawn(known, at=self._clock.now()))

    async def approve(self, command: ResolveCommand) -> Answer[Break]:
        """Raises `NotFound`, `WriteOffNotProposed` or `SecondOperatorRequired`."""
        return await self._post(command, MatchRule.WRITE_OFF)

    async def adjust(self, command: ResolveCommand) -> Answer[Break]:
        """Raises `NotFound` or `BreakNotOpen`."""
        return await self._post(command, MatchRule.ADJUSTMENT)

    async def match(
        self, command: ResolveCommand, others: Sequence[BreakId]
    ) -> Answer[tuple[Break, ...]]:
        """Raises `NotFound`, `BreakNotOpen` or `BreaksDoNotCancel`."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            if (replay := await self._replay(tx, command)) is not None:
                return Answer((replay.value,), replayed=True)
            known = await _all_locked(tx, {command.break_id, *others})
            _require_cancelling(known)
            at, match_id = self._clock.now(), MatchId(self._ids.new())
            closed = tuple(
                breaks.matched(each, match_id=match_id, by=command.operator, at=at)
                for each in known
            )
            lines, items = await _sides(tx, known)
            record = MatchRecord(
                id=match_id,
                rule=MatchRule.MANUAL,
                source=known[0].source,
                statement_id=None,
                asset=known[0].asset,
                lines=lines,
                items=items,
                made_by=command.operator,
                created_at=at,
            )
            await tx.reconciliation.add_matches((record,))
            await tx.reconciliation.update_breaks(closed)
            await tx.commit()
        return Answer(closed)

    async def _post(self, command: ResolveCommand, rule: MatchRule) -> Answer[Break]:
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            if (replay := await self._replay(tx, command)) is not None:
                return replay
            known = await _locked(tx, command.break_id)
            transaction_id, match_id = TransactionId(self._ids.new()), MatchId(self._ids.new())
            end = breaks.approved if rule is MatchRule.WRITE_OFF else breaks.adjusted
            at = self._clock.now()
            closed = end(
                known,
                by=command.operator,
                transaction_id=transaction_id,
                match_id=match_id,
                at=at,
            )
            written_off = rule is MatchRule.WRITE_OFF
            posted = await self._journal(tx, known, transaction_id, written_off=written_off)
            lines, items = await _sides(tx, (known,))
            record = MatchRecord(
                id=match_id,
                rule=MatchRule.BALANCE if known.is_of_balance else rule,
                source=known.source,
                statement_id=None,
                asset=known.asset,
                lines=lines,
                items=(*items, (posted, known.units)),
                made_by=command.operator,
                created_at=at,
            )
            await tx.reconciliation.add_matches((record,))
            return await _finish(tx, closed)

    async def _journal(
        self, tx: Transaction, known: Break, transaction_id: TransactionId, *, written_off: bool
    ) -> ItemKey:
        sources = {each.name: each for each in await tx.reconciliation.sources()}
        source = sources[known.source]
        reconciled = AccountKey(source.account_code, known.asset, source.account_owner)
        keys = ReconciliationAccounts.keys(reconciled, written_off=written_off)
        accounts = resolve(ReconciliationAccounts, keys, await tx.accounts.resolve(keys.values()))
        now = self._clock.now()
        header = Header(transaction_id, encode_id(IdPrefix.BREAK, known.id), now.date())
        posting = reconciliation_adjustment(
            header, known.asset, known.units, accounts, written_off=written_off
        )
        (outcome,) = await tx.journal.post((Post(posting, now),))
        if not outcome.accepted:
            raise InvariantViolation(f"an adjustment was refused: {outcome.error_code}")
        return ItemKey(accounts.reconciled, transaction_id)

    async def _replay(self, tx: Transaction, command: ResolveCommand) -> Answer[Break] | None:
        """The break as it is now, if this very request has had its effect."""
        if command.request is None:
            return None
        earlier = await claim(tx, command.request, resource=RESOURCE, resource_id=command.break_id)
        if earlier is None:
            return None
        known = await tx.reconciliation.get_break(BreakId(earlier))
        return Answer(known, replayed=True)


async def _locked(tx: Transaction, break_id: BreakId) -> Break:
    """Under its source's lock, which a run holds as well: what is read now stays so."""
    known = await tx.reconciliation.get_break(break_id)
    await tx.reconciliation.lock(known.source)
    return await tx.reconciliation.get_break(break_id)


async def _all_locked(tx: Transaction, break_ids: Iterable[BreakId]) -> list[Break]:
    """All of one source, so that there is one lock to take."""
    ids = sorted(break_ids)
    sources = {(await tx.reconciliation.get_break(each)).source for each in ids}
    if len(sources) > 1:
        raise BreaksDoNotCancel("the breaks are of several sources")
    return [await _locked(tx, each) for each in ids]


async def _finish(tx: Transaction, changed: Break) -> Answer[Break]:
    await tx.reconciliation.update_breaks((changed,))
    if crash_points.armed:
        await crash_points.reach(crash_points.BREAK_BEFORE_COMMIT)
    await tx.commit()
    if crash_points.armed:
        await crash_points.reach(crash_points.BREAK_COMMITTED)
    return Answer(changed)


def _require_cancelling(known: Sequence[Break]) -> None:
    if len(known) == 1:
        raise BreaksDoNotCancel("name the breaks that it cancels out with")
    if len({each.asset for each in known}) > 1:
        raise BreaksDoNotCancel("the breaks are in several assets")
    if any(each.is_of_balance for each in known):
        raise BreaksDoNotCancel("a difference of balances is nothing that could be matched")
    if units := sum(each.units for each in known):
        raise BreaksDoNotCancel("the breaks do not add up to zero", units=units)


async def _sides(
    tx: Transaction, known: Sequence[Break]
) -> tuple[tuple[tuple[LineId, int], ...], tuple[tuple[ItemKey, int], ...]]:
    line_ids = [each.line_id for each in known if each.line_id is not None]
    lines = await tx.reconciliation.lines(line_ids)
    if len(lines) != len(line_ids):
        raise NotFound("a line of the break is missing")
    return (
        tuple((line.id, line.units) for line in lines),
        tuple((each.item.key, each.item.units) for each in known if each.item is not None),
    )
