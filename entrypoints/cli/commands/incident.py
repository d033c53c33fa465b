from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.orders.keep_incidents import KeepIncidents
from application.ports.unit_of_work import UnitOfWork
from domain.orders.incident import ExecutionIncident
from domain.shared.errors import NotFound
from domain.shared.ids import IdPrefix, IncidentId, TenantId, decode_id, encode_id
from domain.shared.money import format_units
from entrypoints.cli import orders
from entrypoints.cli.operator import TENANT, book_of, partners, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    *("id", "tenant_id", "order", "attempt", "lp", "kind", "quoted", "reported", "state"),
    *("opened_at", "closed_by", "note"),
)
LIMIT_MAX: Final = 1_000


@click.group()
def incident() -> None:
    """What went otherwise than agreed at an LP: list and close."""


@incident.command(name="list")
@click.option("--tenant", type=TENANT, help="Only this partner's.")
@click.option("--all", "also_closed", is_flag=True, help="Closed ones too.")
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=50, show_default=True)
@json_option
def list_incidents(tenant: TenantId | None, also_closed: bool, limit: int, as_json: bool) -> None:
    """The newest of each tenant first."""

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        known = [each.tenant.id for each in await partners(container)] if not tenant else [tenant]
        uow: UnitOfWork = await container.get(UnitOfWork)
        rows: list[Mapping[str, object]] = []
        for tenant_id in known:
            async with uow.begin(tenant_id) as tx:
                found = await tx.incidents.page(is_open=None if also_closed else True, limit=limit)
            rows += [await _shown(container, tenant_id, each) for each in found]
        return rows[:limit]

    print_rows(run(work), COLUMNS, as_json=as_json, nothing="no such incidents")


@incident.command()
@click.argument("incident_id")
@click.option("--note", required=True, help="What was done about it: kept for ever.")
@operator_key_option
@json_option
def close(incident_id: str, note: str, operator_key: str, as_json: bool) -> None:
    """Close an incident (inc_…)."""
    wanted = IncidentId(decode_id(IdPrefix.INCIDENT, incident_id))

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        tenant_id = await book_of(container, lambda tx: tx.incidents.get(wanted))
        if tenant_id is None:
            raise NotFound("no tenant has such an incident")
        keep: KeepIncidents = await container.get(KeepIncidents)
        done = await keep.close(tenant_id, wanted, by=by, note=note)
        return await _shown(container, tenant_id, done)

    print_object(run(work), as_json=as_json)


async def _shown(
    container: AsyncContainer, tenant_id: TenantId, incident: ExecutionIncident
) -> Mapping[str, object]:
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        symbol = (await tx.orders.get(incident.order_id)).instrument
    instrument = (await orders.catalog(container)).instrument(symbol)

    def legs(base_units: int, quote_units: int) -> str:
        base = format_units(base_units, scale=instrument.base.scale)
        quote = format_units(quote_units, scale=instrument.quote.scale)
        return f"{base} {instrument.base.code} / {quote} {instrument.quote.code}"

    return {
        "id": encode_id(IdPrefix.INCIDENT, incident.id),
        "tenant_id": encode_id(IdPrefix.TENANT, tenant_id),
        "order": encode_id(IdPrefix.ORDER, incident.order_id),
        "attempt": incident.attempt,
        "lp": incident.lp,
        "kind": incident.kind.value,
        "quoted": legs(*incident.quoted),
        "reported": None if incident.reported is None else legs(*incident.reported),
        "detail": incident.detail,
        "state": "open" if incident.is_open else "closed",
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "closed_by": None if incident.closed_by is None else incident.closed_by.name,
        "note": incident.note,
    }
