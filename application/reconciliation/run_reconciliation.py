from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from application import crash_points
from application.idempotency import Answer, earlier
from application.liquidity.lp_account import account_of
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.liquidity import LiquidityProvider
from application.ports.reconciliation import Statement
from application.ports.unit_of_work import UnitOfWork
from application.reconciliation.comparing import Comparison
from application.reconciliation.lp_statement import LpStatementReader, Period
from application.reconciliation.recording import AlreadyRun, Overtaken, RecordStatement
from application.reconciliation.report import Report, report
from domain.liquidity.quote import LpName
from domain.reconciliation.gates import StatementNotContinuous
from domain.reconciliation.source import Source, SourceKind
from domain.shared.errors import InvariantViolation, NotFound, RuleViolation
from domain.shared.ids import StatementId
from domain.tenants.tenant import HOUSE_TENANT_ID

# Two runs of one source at once: the later one reads the list again.
TRIES_MAX: Final = 3


class PeriodInvalid(RuleViolation):
    code = "validation_failed"


class RunCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`period` lets a list be read from further back, or end earlier than now."""

    source: str
    period: Period = Period()


class RunReconciliation:
    """- Reads what an LP executed and holds for us, and matches it with the house's account there.
    - Every line and every entry ends in one match or one break; breaks that found their match end.
    - Work that is under way, at the LP or here, is timing and not missing.
    - Nothing is posted: what a break needs beyond a match, operators decide.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._providers = providers
        self._clock = clock
        self._reader = LpStatementReader(clock=clock, ids=ids)
        self._record = RecordStatement(uow=uow, clock=clock, ids=ids)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sources that a run can read by itself."""
        return tuple(sorted(self._providers))

    async def execute(self, command: RunCommand) -> Report:
        """Raises `NotFound`, `PeriodInvalid`, `StatementIncomplete`, `StatementUnreadable`,
        `StatementNotContinuous`, `SourceExists`, `TooMuchToReconcile` and `Overtaken`.
        """
        found = await self._run(command, None)
        if isinstance(found, AlreadyRun):
            raise InvariantViolation("a run without a request cannot be a repetition")
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            open_breaks = await tx.reconciliation.open_breaks(command.source)
        return report(found, open_breaks, today=self._clock.now().date())

    async def execute_once(
        self, command: RunCommand, request: IdempotentRequest
    ) -> Answer[StatementId]:
        """As above, for requests: the same one again makes no second run."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            before = await earlier(tx, request)
        if before is not None:
            return Answer(StatementId(before), replayed=True)
        found = await self._run(command, request)
        if isinstance(found, AlreadyRun):
            return Answer(found.statement_id, replayed=True)
        return Answer(found.statement.id)

    async def _run(
        self, command: RunCommand, request: IdempotentRequest | None
    ) -> Comparison | AlreadyRun:
        provider = self._providers.get(LpName(command.source))
        if provider is None:
            known = ", ".join(self.names) or "none"
            raise NotFound(f"no such source is read by itself; known: {known}")
        source = Source(
            name=command.source,
            kind=SourceKind.LP_EXECUTIONS,
            account_code=account_of(self._providers, provider.name),
            account_owner=command.source,
        )
        catalog = (await self._platform.view()).catalog
        for tries_left in reversed(range(TRIES_MAX)):
            previous, first = await self._where_to_begin(source)
            _require_possible(command.period, previous, now=self._clock.now())
            read = await self._reader.read(
                source,
                provider,
                catalog,
                previous=previous,
                first_entry_at=first,
                asked=command.period,
            )
            if crash_points.armed:
                await crash_points.reach(crash_points.RECON_READ)
            try:
                return await self._record.execute(read, previous=previous, request=request)
            except Overtaken:
                if not tries_left:
                    raise
        raise InvariantViolation("every try returns or raises")

    async def _where_to_begin(self, source: Source) -> tuple[Statement | None, datetime | None]:
        """The last statement, or else the time of the first entry."""
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            previous = await tx.reconciliation.last_statement(source.name)
            if previous is not None:
                return previous, None
            side = await tx.reconciliation.ledger_side(source, since=None)
        return None, min((each.booked_at for each in side.entries), default=None)


def _require_possible(period: Period, previous: Statement | None, *, now: datetime) -> None:
    """A statement of time that is still to come would have to be waited for by all later ones."""
    for moment in (period.since, period.until):
        if moment is not None and moment > now:
            raise PeriodInvalid(f"{moment.isoformat()} is still to come")
    if period.until is None:
        return
    if previous is not None and period.until <= previous.until:
        raise StatementNotContinuous(
            f"the last statement ended at {previous.until.isoformat()}; this one must end later"
        )
    if period.since is not None and period.until <= period.since:
        raise PeriodInvalid("a period ends after it begins")
