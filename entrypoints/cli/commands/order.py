from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.trading import OrderFilter
from application.ports.unit_of_work import UnitOfWork
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.shared.ids import CustomerId, IdPrefix, OrderId, TenantId, decode_id
from entrypoints.cli import orders
from entrypoints.cli.commands.order_resolve import resolve
from entrypoints.cli.guard_evidence import evidence_of
from entrypoints.cli.operator import CUSTOMER, TENANT, partners, run
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    *("id", "tenant_id", "status", "outcome", "instrument", "side", "base_amount"),
    *("quote_amount", "reject_reason", "updated_at"),
)
LIMIT_MAX: Final = 1_000


@click.group()
def order() -> None:
    """Orders of all tenants: list, show, and look pending ones up again."""


@order.command(name="list")
@click.option("--tenant", type=TENANT, help="Only this partner's.")
@click.option("--customer", type=CUSTOMER, help="Only this customer's: cus_…")
@click.option("--client-order-id")
@click.option("--status", type=click.Choice([each.value for each in OrderStatus]))
@click.option("--outcome", type=click.Choice([each.value for each in OutcomeFlag]))
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=50, show_default=True)
@json_option
def list_orders(
    tenant: TenantId | None,
    customer: CustomerId | None,
    client_order_id: str | None,
    status: str | None,
    outcome: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Newest first. `--status pending` shows what waits for an LP."""
    wanted = OrderFilter(
        customer_id=customer,
        client_order_id=client_order_id,
        status=OrderStatus(status) if status else None,
        outcome=OutcomeFlag(outcome) if outcome else None,
    )

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        tenants = [each.tenant.id for each in await partners(container)] if not tenant else [tenant]
        found: list[tuple[Order, TenantId]] = []
        for tenant_id in tenants:
            async with uow.begin(tenant_id) as tx:
                page = await tx.orders.page(wanted, before=None, limit=limit)
            found += [(each, tenant_id) for each in page]
        found.sort(key=lambda row: row[0].id, reverse=True)
        by = await orders.showing(container)
        return [orders.shown(each, tenant_id, by) for each, tenant_id in found[:limit]]

    print_rows(run(work), COLUMNS, as_json=as_json, nothing="no such orders")


@order.command()
@click.argument("order_id")
@json_option
def show(order_id: str, as_json: bool) -> None:
    """One order, its attempt at the LP with the last evidence, and what confirmed its price."""
    wanted = _order_id(order_id)

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        tenant_id, detail = await orders.find(container, wanted)
        return {
            **orders.shown_detail(detail, tenant_id, await orders.showing(container)),
            "price_guard": await evidence_of(container, tenant_id, detail.order),
        }

    print_object(run(work), as_json=as_json)


order.add_command(resolve)


def _order_id(text: str) -> OrderId:
    return OrderId(decode_id(IdPrefix.ORDER, text))
