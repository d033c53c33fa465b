import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import click
import msgspec
from dishka import AsyncContainer

from application.jobs.work_policy import FAILING_FROM, LAG_MAX
from application.ledger.sealing_lag import SealingLag
from application.ports.clock import Clock
from application.ports.inspection import DatabaseInspection, DatabaseReport
from application.ports.liquidity import LiquidityProvider
from application.ports.outgoing import Outgoing
from application.ports.schedules import Schedules
from application.ports.work_list import WorkList
from domain.ledger.account_name import book_name
from domain.liquidity.quote import LpName
from entrypoints.cli.output import json_option, print_json, print_rows
from entrypoints.cli.work import lag_seconds
from entrypoints.wiring.database import check_every_role, embedded_server_is_installed
from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.processes import operator_process
from entrypoints.wiring.settings import read_settings
from entrypoints.worker.schedule import OVERDUE_AFTER

PYTHON_MIN: Final = (3, 11)
SKEW_MAX: Final = timedelta(seconds=2)
PARTITIONS_AHEAD_MIN: Final = timedelta(days=62)
HISTORY: Final = timedelta(minutes=1)


class Check(msgspec.Struct, frozen=True):
    check: str
    ok: bool
    detail: str


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check everything Aksum stands on. Exits 1 when something is amiss."""
    checks = asyncio.run(_examine())
    passed = all(each.ok for each in checks)
    if as_json:
        print_json({"ok": passed, "checks": checks})
    else:
        rows = [
            {"": "ok" if each.ok else "AMISS", "check": each.check, "detail": each.detail}
            for each in checks
        ]
        print_rows(rows, ("", "check", "detail"), as_json=False)
    if not passed:
        raise click.exceptions.Exit(1)


async def _examine() -> list[Check]:
    checks = [_python()]
    try:
        settings = read_settings()
        checks.append(_binaries(bool(settings.database_urls)))
        for role, refusal in (await check_every_role(settings)).items():
            checks.append(Check(f"role {role}", refusal is None, refusal or "may serve, no more"))
        async with operator_process(settings) as container:
            inspection: DatabaseInspection = await container.get(DatabaseInspection)
            clock: Clock = await container.get(Clock)
            checks += _database(await inspection.report(), now=clock.now())
            checks.append(await _seals(container))
            checks += await _jobs(container, now=clock.now())
            checks += await _outgoing(container, now=clock.now())
            checks += await _lps(container)
    except StartRefused as error:
        checks.append(Check("start", False, str(error)))
    return checks


def _python() -> Check:
    return Check("python", sys.version_info >= PYTHON_MIN, sys.version.split()[0])


def _binaries(has_url: bool) -> Check:
    if has_url:
        return Check("postgresql", True, "a server is named by AKSUM_…DATABASE_URL")
    installed = embedded_server_is_installed()
    return Check("postgresql", installed, "embedded" if installed else "no programs, and no URL")


def _database(report: DatabaseReport, *, now: datetime) -> list[Check]:
    needed = f"{now + PARTITIONS_AHEAD_MIN:%Y_%m}"
    short = sorted(
        table for table, month in report.partitions_to.items() if month is None or month < needed
    )
    skew = abs(now - report.now)
    return [
        Check("server version", True, f"PostgreSQL {report.server}"),
        Check("migrations", report.revision == report.head, f"at {report.revision}"),
        Check(
            "guards",
            not report.unguarded,
            ", ".join(report.unguarded) or "every trigger and policy is there and switched on",
        ),
        Check(
            "partitions",
            not short,
            f"too few: {', '.join(short)}: run `aksum migrate`, or is no worker running?"
            if short
            else f"until {min((m for m in report.partitions_to.values() if m), default='-')}",
        ),
        Check("clock", skew <= SKEW_MAX, f"{skew.total_seconds():.3f} s from the database's"),
        Check(
            "booking time",
            not report.booked_ahead,
            f"ahead of the clock: {'; '.join(report.booked_ahead)}"
            if report.booked_ahead
            else "nothing is booked ahead of the clock",
        ),
    ]


async def _seals(container: AsyncContainer) -> Check:
    behind = [book_name(each) for each in await (await container.get(SealingLag)).execute()]
    detail = f"behind: {', '.join(behind)}: is a worker running, and has it a key?"
    return Check("seals", not behind, detail if behind else "the journal is sealed")


async def _jobs(container: AsyncContainer, *, now: datetime) -> list[Check]:
    work_list: WorkList = await container.get(WorkList)
    schedules: Schedules = await container.get(Schedules)
    backlogs = await work_list.backlogs(failing_from=FAILING_FROM)
    late = [
        f"{each.kind}: {each.due} due, the oldest for {lag_seconds(each, now=now)} s"
        for each in backlogs
        if lag_seconds(each, now=now) > LAG_MAX.total_seconds()
    ]
    parked = [f"{each.kind}: {each.parked}" for each in backlogs if each.parked]
    failing = [f"{each.kind}: {each.failing}" for each in backlogs if each.failing]
    times = await schedules.all()
    overdue = [
        f"{each.job}: {each.last_error or 'not run'}"
        for each in times
        if each.failures or (each.lease_until is None and now - each.next_run_at > OVERDUE_AFTER)
    ]
    on_time = "all in time" if times else "no worker has run yet"
    return [
        _none_of("jobs", late, sound="nothing is due for long", hint="is a worker running?"),
        _none_of("jobs that fail", failing, sound="none", hint="see `aksum jobs list`"),
        _none_of("parked jobs", parked, sound="none", hint="`aksum jobs list --state parked`"),
        _none_of("schedules", overdue, sound=on_time, hint="see `aksum jobs status`"),
    ]


async def _outgoing(container: AsyncContainer, *, now: datetime) -> list[Check]:
    """Endpoints that are in trouble themselves may wait: `aksum webhook list` shows them."""
    outgoing: Outgoing = await container.get(Outgoing)
    events, (healthy, _) = await outgoing.events(), await outgoing.webhooks()
    unnumbered, due = _late(events.oldest_at, now), _late(healthy.oldest_due_at, now)
    return [
        _none_of(
            "events",
            [f"{events.unnumbered} without a number, the oldest for {unnumbered} s"]
            if unnumbered
            else [],
            sound="every event has its number",
            hint="is a worker running, and what does its log say?",
        ),
        _none_of(
            "webhooks",
            [f"{healthy.due} due to healthy endpoints, the oldest for {due} s"] if due else [],
            sound="healthy endpoints are told in time",
            hint="see docs/runbooks/webhook-backlog.md",
        ),
    ]


def _late(since: datetime | None, now: datetime) -> int:
    """Seconds, 0 while it is no longer than it may be."""
    late = timedelta(0) if since is None else now - since
    return int(late.total_seconds()) if late > LAG_MAX else 0


def _none_of(check: str, found: list[str], *, sound: str, hint: str) -> Check:
    return Check(check, not found, f"{', '.join(found)}: {hint}" if found else sound)


async def _lps(container: AsyncContainer) -> list[Check]:
    """Asks each configured LP for the last minute of our history: signed, harmless, small."""
    providers: Mapping[LpName, LiquidityProvider] = await container.get(
        Mapping[LpName, LiquidityProvider]
    )
    until = datetime.now(UTC)
    checks = []
    for name, provider in providers.items():
        page = await provider.list_executions(since=until - HISTORY, until=until, limit=1)
        reached = page.complete or bool(page.executions)
        checks.append(Check(f"lp {name}", reached, "answers" if reached else "does not answer"))
    return checks or [Check("lps", True, "none configured for this command")]
