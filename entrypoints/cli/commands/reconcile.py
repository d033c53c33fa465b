from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.clock import Clock
from application.ports.reconciliation import BreakFilter
from application.ports.unit_of_work import UnitOfWork
from application.reconciliation.csv_statement import BYTES_MAX
from application.reconciliation.import_statement import ImportStatement
from application.reconciliation.lp_statement import Period
from application.reconciliation.report import Report
from application.reconciliation.run_reconciliation import RunCommand, RunReconciliation
from domain.ledger.chart import LP_ACCOUNTS, AccountCode
from domain.reconciliation.ageing import AgeBucket, dates_of
from domain.reconciliation.breaks import BreakState
from domain.reconciliation.findings import BreakType
from domain.reconciliation.source import Source, SourceKind
from domain.shared.errors import DomainError
from domain.shared.ids import BreakId
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import orders
from entrypoints.cli.breaks import shown_break, shown_report
from entrypoints.cli.commands.reconcile_resolve import assign, resolve
from entrypoints.cli.operator import BREAK, run
from entrypoints.cli.output import (
    console,
    json_option,
    print_json,
    print_object,
    print_rows,
)

POSITION_COLUMNS: Final = (
    *("asset", "opening", "lines", "other", "closing", "closing_by", "ledger", "breaks"),
    "gates",
)
GROUP_COLUMNS: Final = ("asset", "type", "age", "count", "net", "gross")
BREAK_COLUMNS: Final = ("id", "source", "type", "asset", "amount", "age", "state", "owner", "refs")
FILES: Final = (SourceKind.CSV, SourceKind.RAIL, SourceKind.CUSTODY)
LIMIT_MAX: Final = 1_000


def TIME(text: str) -> datetime:  # noqa: N802 - its name is what --help shows
    """RFC 3339 or a date; UTC where it does not say."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter("a time is 2026-03-02T09:00:00Z, a day is 2026-03-02") from None


@click.group()
def reconcile() -> None:
    """What LPs, custodians and banks say they hold for us, against our books.

    What a run does and who may close what: docs/reconciliation.md.
    """


reconcile.add_command(assign)
reconcile.add_command(resolve)


@reconcile.command(name="run")
@click.option("--source", help="Only this one.  [default: every LP that is configured]")
@click.option("--from", "since", type=TIME, help="Read the list from further back.")
@click.option("--to", "until", type=TIME, help="End the statement then, and not now.")
@json_option
def run_sources(
    source: str | None, since: datetime | None, until: datetime | None, as_json: bool
) -> None:
    """Read each LP's list and balances and match them with our books.

    Exits 1 when a gate fails, a break needs somebody or an LP could not be read; what is only under
    way does not count, and one LP that cannot be read keeps no other from being run.
    """
    failed: dict[str, DomainError] = {}

    async def work(container: AsyncContainer) -> list[tuple[Report, Mapping[str, object]]]:
        reconciliation = await container.get(RunReconciliation)
        names = (source,) if source else reconciliation.names
        if not names:
            raise click.ClickException("no LP is configured here: set AKSUM_LP_CONFIG")
        assets = await orders.catalog(container)
        found = []
        for name in names:
            command = RunCommand(source=name, period=Period(since, until))
            try:
                report = await reconciliation.execute(command)
            except DomainError as error:
                failed[name] = error
                continue
            found.append((report, shown_report(report, assets)))
        return found

    quiet = _print_reports(run(work), as_json=as_json)
    for name, error in failed.items():
        click.echo(f"aksum: {name}: {error.detail} ({error.code})", err=True)
    if failed or not quiet:
        raise click.exceptions.Exit(1)


@reconcile.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="What its statements are kept under.")
@click.option(
    "--account",
    required=True,
    type=click.Choice([AccountCode.CUSTODY.value, *sorted(code.value for code in LP_ACCOUNTS)]),
    help="Which of the house's accounts it is about.",
)
@click.option("--owner", help="The LP, for an account of an LP.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in FILES]),
    default=SourceKind.CSV.value,
    show_default=True,
    help="How freely amounts without a reference are matched.",
)
@json_option
def import_file(
    file: Path, source: str, account: str, owner: str | None, kind: str, as_json: bool
) -> None:
    """Read a statement from a CSV file, once, and match it with our books."""
    if file.stat().st_size > BYTES_MAX:
        raise click.ClickException(f"{file} has more than {BYTES_MAX} bytes")
    content = file.read_bytes()

    async def work(container: AsyncContainer) -> list[tuple[Report, Mapping[str, object]]]:
        named = Source(
            name=source,
            kind=SourceKind(kind),
            account_code=AccountCode(account),
            account_owner=owner,
        )
        report = await (await container.get(ImportStatement)).execute(named, content)
        return [(report, shown_report(report, await orders.catalog(container)))]

    if not _print_reports(run(work), as_json=as_json):
        raise click.exceptions.Exit(1)


@reconcile.command(name="breaks")
@click.option("--source", help="Only this one's.")
@click.option(
    "--state", type=click.Choice([each.value for each in BreakState]), help="[default: not closed]"
)
@click.option("--type", "kind", type=click.Choice([each.value for each in BreakType]))
@click.option(
    "--age", type=click.Choice([each.value for each in AgeBucket]), help="In business days."
)
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=100, show_default=True)
@json_option
def list_breaks(
    source: str | None,
    state: str | None,
    kind: str | None,
    age: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Oldest first. The amount is what the source has and our books do not."""

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        today = (await container.get(Clock)).now().date()
        first, last = dates_of(AgeBucket(age), today) if age else (None, None)
        wanted = BreakFilter(
            source=source,
            state=BreakState(state) if state else None,
            type=BreakType(kind) if kind else None,
            first_on=first,
            last_on=last,
        )
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(HOUSE_TENANT_ID) as tx:
            found = await tx.reconciliation.page_breaks(wanted, after=None, limit=limit)
        assets = await orders.catalog(container)
        return [shown_break(each, assets, today=today) for each in found]

    print_rows(run(work), BREAK_COLUMNS, as_json=as_json, nothing="no such breaks")


@reconcile.command()
@click.argument("break_id", metavar="BREAK", type=BREAK)
@json_option
def show(break_id: BreakId, as_json: bool) -> None:
    """One break, with all that is known of it."""

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(HOUSE_TENANT_ID) as tx:
            found = await tx.reconciliation.get_break(break_id)
        today = (await container.get(Clock)).now().date()
        return shown_break(found, await orders.catalog(container), today=today)

    print_object(run(work), as_json=as_json)


def _print_reports(reports: list[tuple[Report, Mapping[str, object]]], *, as_json: bool) -> bool:
    """Whether there is nothing for anybody to do."""
    if as_json:
        print_json({"data": [shown for _, shown in reports]})
    else:
        for report, shown in reports:
            _print_report(report, shown)
    return all(report.quiet for report, _ in reports)


def _print_report(report: Report, shown: Mapping[str, object]) -> None:
    statement = report.statement
    since, until = (f"{each:%Y-%m-%d %H:%M}" for each in (statement.since, statement.until))
    title = f"{statement.source}: {since} to {until}"
    print_rows(_rows(shown, "assets"), POSITION_COLUMNS, as_json=False, title=title)
    print_rows(_rows(shown, "breaks"), GROUP_COLUMNS, as_json=False, nothing="no breaks")
    matched = ", ".join(f"{count} by {rule.value}" for rule, count in report.matched.items())
    verdict = "[green]reconciled[/]" if report.clean else "[yellow]open breaks[/]"
    if not report.gates_passed:
        verdict = "[red]a gate FAILED[/]"
    console().print(
        f"{verdict}: {report.new_lines} new lines; matched {matched or 'nothing'}; "
        f"{report.opened} breaks opened, {report.closed} closed\n"
    )


def _rows(shown: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rows = shown[name]
    return list(rows) if isinstance(rows, list) else []
