from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.reconciliation import SourceExists, Statement
from application.ports.unit_of_work import UnitOfWork
from application.reconciliation.csv_statement import check_file, read_csv
from application.reconciliation.recording import AlreadyRun, RecordStatement
from application.reconciliation.report import Report, report
from domain.liquidity.routing import RoutingPolicy
from domain.reconciliation.source import Source
from domain.shared.errors import InvariantViolation
from domain.tenants.tenant import HOUSE_TENANT_ID


class ImportStatement:
    """- A file is read as a whole and once: the same bytes are refused a second time.
    - Opening and lines make closing, and a file opens with what the one before closed with.
    - Then it is matched as every statement is.
    """

    def __init__(
        self, *, uow: UnitOfWork, platform: Platform, clock: Clock, ids: IdGenerator
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._clock = clock
        self._ids = ids
        self._record = RecordStatement(uow=uow, clock=clock, ids=ids)

    async def execute(self, source: Source, content: bytes) -> Report:
        """Raises `SourceExists`, `StatementUnreadable`, `StatementExists`,
        `StatementUnbalanced`, `StatementNotContinuous`, `TooMuchToReconcile` and `Overtaken`;
        then nothing is kept.
        """
        view = await self._platform.view()
        _require_free(source, view.routing)
        catalog = view.catalog
        today = self._clock.now().date()
        read = read_csv(content, source, catalog, self._ids, today=today)
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            previous = await tx.reconciliation.last_statement(source.name)

        def check(last: Statement | None) -> None:
            check_file(read, last)

        found = await self._record.execute(read, previous=previous, check=check)
        if isinstance(found, AlreadyRun):
            raise InvariantViolation("an import has no key of a request")
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            open_breaks = await tx.reconciliation.open_breaks(source.name)
        return report(found, open_breaks, today=self._clock.now().date())


def _require_free(source: Source, routing: RoutingPolicy | None) -> None:
    """A listed LP tells its executions itself; a file would take its place for ever."""
    listed = () if routing is None else (routing.primary, *routing.backups)
    for name in listed:
        if name in (source.name, source.account_owner):
            raise SourceExists(f"{name} is read by `aksum reconcile run`")
