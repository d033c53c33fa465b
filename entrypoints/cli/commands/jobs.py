from collections.abc import Mapping
from typing import Final
from uuid import UUID

import click
from dishka import AsyncContainer

from application.jobs.attend_to_work import RETRY_MAX, AttendToWork
from application.jobs.work_policy import FAILING_FROM
from application.ports.clock import Clock
from application.ports.intents import IntentKind
from application.ports.schedules import Schedules
from application.ports.work_list import WorkFilter, WorkList, WorkState
from domain.shared.errors import NotFound
from domain.shared.ids import TenantId
from entrypoints.cli.operator import TENANT, TEXT, run
from entrypoints.cli.output import json_option, print_json, print_object, print_rows
from entrypoints.cli.work import WORK_NAME, shown, shown_backlog, shown_detail, shown_schedule
from entrypoints.cli.work_metrics import exposition, read_figures
from entrypoints.worker.schedule import BY_TIME

COLUMNS: Final = ("work", "state", "attempts", "next_action_at", "parked_at", "last_error")
BACKLOG_COLUMNS: Final = ("kind", "due", "lag_seconds", "waiting", "leased", "failing", "parked")
SCHEDULE_COLUMNS: Final = ("job", "next_run_at", "finished_at", "failures", "last_error")
KIND: Final = click.Choice([each.value for each in IntentKind])
STATE: Final = click.Choice([each.value for each in WorkState])
LIMIT_MAX: Final = 1_000


@click.group()
def jobs() -> None:
    """Work that follows what was committed, of all tenants. Nothing here marks work as done.

    What each kind does: docs/jobs.md.
    """


@jobs.command(name="list")
@click.option("--state", type=STATE)
@click.option("--kind", type=KIND)
@click.option("--tenant", type=TENANT, help="Only this partner's.")
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=50, show_default=True)
@json_option
def list_work(
    state: str | None, kind: str | None, tenant: TenantId | None, limit: int, as_json: bool
) -> None:
    """What has waited longest first. `--state parked` shows what waits for a person."""
    wanted = WorkFilter(kind=kind, state=WorkState(state) if state else None, tenant_id=tenant)

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        work_list: WorkList = await container.get(WorkList)
        return [shown(each) for each in await work_list.page(wanted, limit=limit)]

    print_rows(run(work), COLUMNS, as_json=as_json, nothing="no such work")


@jobs.command()
@json_option
def status(as_json: bool) -> None:
    """How much of each kind there is, since when it is due, and what time makes due."""

    async def work(container: AsyncContainer) -> Mapping[str, list[Mapping[str, object]]]:
        work_list: WorkList = await container.get(WorkList)
        schedules: Schedules = await container.get(Schedules)
        now = (await container.get(Clock)).now()
        backlogs = await work_list.backlogs(failing_from=FAILING_FROM)
        return {
            "backlogs": [shown_backlog(each, now=now) for each in backlogs],
            "schedules": [shown_schedule(each) for each in await schedules.all()],
        }

    found = run(work)
    if as_json:
        print_json(found)
        return
    print_rows(found["backlogs"], BACKLOG_COLUMNS, as_json=False, nothing="nothing is to be done")
    print_rows(found["schedules"], SCHEDULE_COLUMNS, as_json=False, nothing="no worker has run yet")


@jobs.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Serve it there, until SIGTERM.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
def metrics(port: int | None, host: str) -> None:
    """The same as gauges for Prometheus, with what is on its way to partners.

    Without --port once, for a collector of text files. With it at /metrics, open to anybody who
    reaches that port.
    """

    async def work(container: AsyncContainer) -> None:
        async def read() -> bytes:
            return exposition(await read_figures(container))

        if port is None:
            click.echo((await read()).decode(), nl=False)
            return
        from entrypoints.cli.metrics_server import serve_metrics

        await serve_metrics(
            read, host=host, port=port, ready=lambda url: click.echo(f"serving {url}")
        )

    run(work)


@jobs.command()
@click.argument("work", metavar="WORK", type=WORK_NAME)
@json_option
def show(work: tuple[IntentKind, UUID], as_json: bool) -> None:
    """One piece of work, e.g. mirror/txn_…, with what it carries."""

    async def find(container: AsyncContainer) -> Mapping[str, object]:
        work_list: WorkList = await container.get(WorkList)
        found = await work_list.find(*work)
        if found is None:
            raise NotFound("there is no such work; what is done leaves no row")
        return shown_detail(found)

    print_object(run(find), as_json=as_json)


@jobs.command()
@click.argument("work", metavar="[WORK]", type=WORK_NAME, required=False)
@click.option("--all-parked", type=KIND, help="Instead of WORK: all of this kind.")
@json_option
def retry(work: tuple[IntentKind, UUID] | None, all_parked: str | None, as_json: bool) -> None:
    """Make work due at once, also when it was parked. Doing it twice changes nothing."""
    if (work is None) == (all_parked is None):
        raise click.UsageError("name one piece of work, or a kind with --all-parked")

    async def make_due(container: AsyncContainer) -> Mapping[str, object]:
        attend: AttendToWork = await container.get(AttendToWork)
        if work is not None:
            return shown(await attend.retry(*work))
        count, more = await attend.retry_parked(IntentKind(str(all_parked)))
        return {"kind": all_parked, "made_due": count, "more": more}

    made = run(make_due)
    print_object(made, as_json=as_json)
    if made.get("more"):
        click.echo(f"one call takes {RETRY_MAX}; call it again for the rest", err=True)


@jobs.command()
@click.argument("work", metavar="WORK", type=WORK_NAME)
@click.option("--reason", type=TEXT, required=True, help="Kept with it.")
@json_option
def park(work: tuple[IntentKind, UUID], reason: str, as_json: bool) -> None:
    """Take work out of the machine's hands until `retry`. An order behind it stays pending."""

    async def set_aside(container: AsyncContainer) -> Mapping[str, object]:
        attend: AttendToWork = await container.get(AttendToWork)
        return shown(await attend.park(*work, reason=reason))

    print_object(run(set_aside), as_json=as_json)


@jobs.command(name="run")
@click.argument("job", type=click.Choice([each.value for each in BY_TIME]))
@json_option
def run_now(job: str, as_json: bool) -> None:
    """Make a job by time due now; a worker does it within seconds."""

    async def make_due(container: AsyncContainer) -> Mapping[str, object]:
        schedules: Schedules = await container.get(Schedules)
        if not await schedules.make_due(job):
            raise click.ClickException("a worker is at it just now, or none has ever run")
        return {"job": job, "due": True}

    print_object(run(make_due), as_json=as_json)
