"""Our side of a statement: the entries on the account, under the names the source knows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from application.ports.reconciliation import Execution, LedgerEntry, LedgerSide, Statement
from application.ports.unit_of_work import UnitOfWork
from application.reconciliation.lp_statement import OVERLAP
from application.reconciliation.reading import StatementRead
from domain.liquidity.quote import LpName
from domain.reconciliation.sides import Item
from domain.reconciliation.source import Source, SourceKind
from domain.shared.ids import (
    IdInvalid,
    IdPrefix,
    OrderId,
    TenantId,
    TransactionId,
    decode_id,
    encode_id,
)
from domain.tenants.tenant import HOUSE_TENANT_ID

# These move what lies with an LP and stand in other lists of it than that of executions.
OTHER_SOURCE_TEMPLATES: Final = frozenset(
    {
        "capital_paid_in",
        "lp_prefunded",
        "lp_withdrawn",
        "lp_settlement_paid",
        "lp_settlement_received",
    }
)


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """`unfinished` is by the LP's execution and quote ids: the first is not always known."""

    side: LedgerSide
    executions: Mapping[TransactionId, Execution]
    unfinished: Mapping[str, str]

    def items(self, source: Source) -> tuple[Item, ...]:
        return tuple(self._item(each) for each in self.side.entries if not is_other(source, each))

    def other(self, source: Source) -> tuple[LedgerEntry, ...]:
        return tuple(each for each in self.side.entries if is_other(source, each))

    def unfinished_refs(self, read: StatementRead, quotes: Mapping[str, str]) -> Mapping[str, str]:
        """By the reference of a line; `quotes` are those of lines from earlier statements."""
        both = {**quotes, **read.quotes}
        refs = {line.ref for line in read.lines} | both.keys()
        found = {ref: self._why(ref, both.get(ref)) for ref in sorted(refs)}
        return {ref: why for ref, why in found.items() if why is not None}

    def _why(self, ref: str, quote: str | None) -> str | None:
        return self.unfinished.get(ref) or (self.unfinished.get(quote) if quote else None)

    def _item(self, entry: LedgerEntry) -> Item:
        refs = [entry.reference, encode_id(IdPrefix.TRANSACTION, entry.key.transaction_id)]
        if entry.mirror_of is not None:
            mirrored = entry.mirror_of.transaction_id
            refs.append(encode_id(IdPrefix.TRANSACTION, mirrored))
            execution = self.executions.get(mirrored)
            if execution is not None and execution.lp_execution_id is not None:
                refs.insert(0, execution.lp_execution_id)
        return Item(
            key=entry.key,
            asset=entry.asset,
            units=entry.units,
            refs=tuple(refs),
            booked_at=entry.booked_at,
        )


def is_other(source: Source, entry: LedgerEntry) -> bool:
    return source.kind is SourceKind.LP_EXECUTIONS and entry.template in OTHER_SOURCE_TEMPLATES


class ReadBooks:
    """Transactions of each tenant and of the house: none looks into another's rows.

    What is unfinished is read first. What finishes after that is in the house's books by the time
    those are read, and what was listed by the source before it began is in one of the two.
    """

    def __init__(self, *, uow: UnitOfWork) -> None:
        self._uow = uow

    async def execute(self, read: StatementRead, previous: Statement | None) -> Books:
        source = read.source
        since = read.since if previous is None else previous.until
        # An entry is booked a little before it can be seen.
        start = None if _is_first_of_lp(source, previous) else since - OVERLAP
        unfinished = await self._unfinished(source)
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            side = await tx.reconciliation.ledger_side(source, since=start)
        executions: dict[TransactionId, Execution] = {}
        if source.kind is SourceKind.LP_EXECUTIONS:
            for tenant_id, orders in sorted(_orders(side.entries).items()):
                async with self._uow.begin(tenant_id) as tx:
                    filled = await tx.execution_trail.of_orders(orders)
                executions |= {each.transaction_id: each for each in filled if each.transaction_id}
        return Books(side=side, executions=executions, unfinished=unfinished)

    async def _unfinished(self, source: Source) -> Mapping[str, str]:
        if source.kind is not SourceKind.LP_EXECUTIONS or source.account_owner is None:
            return {}
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            partners = [each.tenant.id for each in await tx.tenants.partners()]
        found: dict[str, str] = {}
        for tenant_id in partners:
            async with self._uow.begin(tenant_id) as tx:
                still = await tx.execution_trail.unfinished(LpName(source.account_owner))
            for each in still:
                names = (each.lp_quote_id, each.client_ref, each.lp_execution_id)
                found |= dict.fromkeys((name for name in names if name), each.why)
        return found


def _is_first_of_lp(source: Source, previous: Statement | None) -> bool:
    """What lies with an LP is accounted for from the first entry on, or nothing would add up."""
    return previous is None and source.kind is SourceKind.LP_EXECUTIONS


def _orders(entries: Iterable[LedgerEntry]) -> Mapping[TenantId, list[OrderId]]:
    """Of the trades that were mirrored, by tenant."""
    found: defaultdict[TenantId, set[OrderId]] = defaultdict(set)
    for each in entries:
        if each.mirror_of is not None:
            try:
                order_id = OrderId(decode_id(IdPrefix.ORDER, each.reference))
            except IdInvalid:
                continue
            found[each.mirror_of.tenant_id].add(order_id)
    return {tenant_id: sorted(orders) for tenant_id, orders in found.items()}
