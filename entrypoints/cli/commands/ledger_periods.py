from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import click
from dishka import AsyncContainer

from application.ledger.close_period import ClosePeriod, ClosePeriodCommand, ShownPeriod
from domain.ledger.account_name import book_name
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.operator import TENANT, partners, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = ("tenant", "closed_through", "closed_by", "closed_at", "final")


@click.command(name="close-period")
@click.option("--tenant", type=TENANT, help="Whose books.")
@click.option("--house", is_flag=True, help="The house's books.")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The last day of the period, UTC; the day before yesterday at the latest.",
)
@click.option("--wait", is_flag=True, help="Until all that is effective in it can be seen.")
@operator_key_option
@json_option
def close_period(
    tenant: TenantId | None,
    house: bool,
    day: datetime,
    wait: bool,
    operator_key: str,
    as_json: bool,
) -> None:
    """Close books through a day, for good: nothing can be effective on it or before any more.

    What to do before and after: docs/runbooks/closing-a-period.md.
    """
    owner, through = _owner(tenant, house), day.replace(tzinfo=UTC).date()

    async def work(container: AsyncContainer) -> ShownPeriod:
        use_case = await container.get(ClosePeriod)
        by = await operator_with(container, operator_key)
        command = ClosePeriodCommand(tenant_id=owner, through=through, by=by)
        closed = await use_case.execute(command)
        return await use_case.wait(closed) if wait else closed

    print_object(_shown(owner, run(work)), as_json=as_json)


@click.command()
@click.option("--tenant", type=TENANT, help="Only this tenant's.")
@click.option("--house", is_flag=True, help="Only the house's.")
@json_option
def periods(tenant: TenantId | None, house: bool, as_json: bool) -> None:
    """What is closed, the latest first. `final`: all that is effective in it can be seen."""
    only = None if tenant is None and not house else _owner(tenant, house)

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        use_case = await container.get(ClosePeriod)
        known = [each.tenant.id for each in await partners(container)]
        books = (*known, HOUSE_TENANT_ID) if only is None else (only,)
        return [_shown(book, each) for book in books for each in await use_case.periods(book)]

    print_rows(run(work), COLUMNS, as_json=as_json, nothing="nothing is closed")


def _owner(tenant: TenantId | None, house: bool) -> TenantId:
    if house == (tenant is not None):
        raise click.UsageError("name a --tenant, or --house")
    return HOUSE_TENANT_ID if tenant is None else tenant


def _shown(tenant_id: TenantId, shown: ShownPeriod) -> Mapping[str, object]:
    return {
        "tenant": book_name(tenant_id),
        "closed_through": shown.period.closed_through,
        "closed_by": shown.period.closed_by,
        "closed_at": shown.period.closed_at,
        "final": shown.final,
    }
