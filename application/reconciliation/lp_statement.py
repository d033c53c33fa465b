"""An LP's own list of executions, read as a statement of what lies with it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from application.ports.clock import Clock, IdGenerator
from application.ports.liquidity import LiquidityProvider
from application.ports.reconciliation import Statement
from application.reconciliation.reading import (
    StatementIncomplete,
    StatementRead,
    digest_of,
    exact,
)
from domain.assets.catalog import Catalog
from domain.liquidity.outcome import LpExecution, LpHolding, OutcomeKind
from domain.reconciliation.sides import Line
from domain.reconciliation.source import Source
from domain.shared.ids import LineId
from domain.shared.money import AssetCode
from domain.shared.side import Side

# A list may show an execution late, and two clocks differ: this much of it is read again.
OVERLAP: Final = timedelta(hours=1)
FIRST_PERIOD: Final = timedelta(days=1)
EXECUTIONS_MAX: Final = 20_000
# Balances are of the moment they are read. Read before and after the list they must be the same.
BALANCE_TRIES: Final = 3


class Period(msgspec.Struct, frozen=True):
    """What an operator asked for; None where the run decides."""

    since: datetime | None = None
    until: datetime | None = None


class LpStatementReader:
    """Calls the LP, so never inside a transaction."""

    def __init__(self, *, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids

    async def read(
        self,
        source: Source,
        provider: LiquidityProvider,
        catalog: Catalog,
        *,
        previous: Statement | None,
        first_entry_at: datetime | None,
        asked: Period,
    ) -> StatementRead:
        """Raises `StatementIncomplete` or `StatementUnreadable`."""
        tries = 1 if asked.until else BALANCE_TRIES
        while True:
            tries -= 1
            before = None if asked.until else await provider.balances()
            until = asked.until or self._clock.now()
            since, list_from = _starts(previous, first_entry_at, until, asked)
            executions = await self._list(provider, list_from, until)
            after = None if asked.until else await provider.balances()
            # With trades coming in without a pause the closing is our own sum in the end.
            if before == after or tries == 0:
                holdings = before if before == after else None
                return self._statement(
                    source, executions, catalog, since=since, until=until, holdings=holdings
                )

    async def _list(
        self, provider: LiquidityProvider, since: datetime, until: datetime
    ) -> tuple[LpExecution, ...]:
        page = await provider.list_executions(since=since, until=until, limit=EXECUTIONS_MAX)
        if not page.complete:
            raise StatementIncomplete(
                f"{provider.name} did not show every execution since {since.isoformat()}",
                lp=provider.name,
            )
        return page.executions

    def _statement(
        self,
        source: Source,
        executions: tuple[LpExecution, ...],
        catalog: Catalog,
        *,
        since: datetime,
        until: datetime,
        holdings: tuple[LpHolding, ...] | None,
    ) -> StatementRead:
        by_status: defaultdict[OutcomeKind, list[LpExecution]] = defaultdict(list)
        for each in executions:
            by_status[each.status].append(each)
        filled, failed = by_status[OutcomeKind.FILLED], by_status[OutcomeKind.REJECTED]
        # A status that nobody has documented is not final.
        pending = [*by_status[OutcomeKind.PENDING], *by_status[OutcomeKind.UNKNOWN]]
        pending_units: defaultdict[AssetCode, int] = defaultdict(int)
        for each in pending:
            for asset, units in _legs(each, catalog):
                pending_units[asset] += units
        return StatementRead(
            source=source,
            since=since,
            until=until,
            list_from=min((each.executed_at for each in pending), default=until) - OVERLAP,
            digest=digest_of(source.name, [since, until, executions, holdings]),
            lines=tuple(line for each in filled for line in self._lines(each, catalog)),
            may_repeat=True,
            opening=None,
            closing=None if holdings is None else _held(holdings, catalog),
            quotes={each.lp_execution_id: _asked_by(each) or "" for each in executions},
            pending=frozenset(each.lp_execution_id for each in pending),
            failed=frozenset(each.lp_execution_id for each in failed),
            pending_units=pending_units,
        )

    def _lines(self, execution: LpExecution, catalog: Catalog) -> list[Line]:
        return [
            Line(
                id=LineId(self._ids.new()),
                ref=execution.lp_execution_id,
                asset=asset,
                units=units,
                value_on=execution.executed_at.date(),
                other_ref=_asked_by(execution),
            )
            for asset, units in _legs(execution, catalog)
        ]


def _asked_by(execution: LpExecution) -> str | None:
    """What names the attempt that asked for it: the LP's quote, or our own reference."""
    return execution.lp_quote_id or execution.client_ref


def _starts(
    previous: Statement | None, first_entry_at: datetime | None, until: datetime, asked: Period
) -> tuple[datetime, datetime]:
    """Where the statement begins, and where the list has to."""
    if previous is not None:
        return previous.until, min(asked.since or previous.list_from, previous.list_from)
    first = first_entry_at or until - FIRST_PERIOD
    since = asked.since or min(first, until - FIRST_PERIOD)
    return since, since


def _legs(execution: LpExecution, catalog: Catalog) -> list[tuple[AssetCode, int]]:
    """Signed from our view: what we got grows what lies there."""
    sign = 1 if execution.side is Side.BUY else -1
    where = f"execution {execution.lp_execution_id}"
    base, quote = execution.base, execution.quote
    return [
        (AssetCode(base.asset), sign * exact(base.amount, base.asset, catalog, where=where)),
        (AssetCode(quote.asset), -sign * exact(quote.amount, quote.asset, catalog, where=where)),
    ]


def _held(holdings: tuple[LpHolding, ...], catalog: Catalog) -> Mapping[AssetCode, int]:
    """Of the assets that are listed here: nothing of ours is booked in any other."""
    return {
        AssetCode(each.asset): exact(each.amount, each.asset, catalog, where="balances")
        for each in holdings
        if AssetCode(each.asset) in catalog.assets
    }
