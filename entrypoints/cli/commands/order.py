import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import click
from dishka import AsyncContainer

from application.orders.resolve_execution import ResolveExecution
from application.ports.intents import DueIntent, IntentKind
from application.ports.liquidity import LiquidityProvider
from application.ports.trading import OrderDetail, OrderFilter
from application.ports.unit_of_work import UnitOfWork
from domain.liquidity.quote import LpName
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.shared.ids import CustomerId, IdPrefix, OrderId, TenantId, decode_id
from entrypoints.cli import orders
from entrypoints.cli.guard_evidence import evidence_of
from entrypoints.cli.operator import CUSTOMER, TENANT, partners, run
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS: Final = (
    *("id", "tenant_id", "status", "outcome", "instrument", "side", "base_amount"),
    *("quote_amount", "reject_reason", "updated_at"),
)
LIMIT_MAX: Final = 1_000
# How long we wait for a worker to look, where this process does not know the LP.
WORKER_LOOKS_WITHIN: Final = timedelta(seconds=8)
ASK_EVERY: Final = timedelta(milliseconds=200)


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
        assets = await orders.catalog(container)
        return [orders.shown(each, tenant_id, assets) for each, tenant_id in found[:limit]]

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
            **orders.shown_detail(detail, tenant_id, await orders.catalog(container)),
            "price_guard": await evidence_of(container, tenant_id, detail.order),
        }

    print_object(run(work), as_json=as_json)


@order.command()
@click.argument("order_id")
@json_option
def resolve(order_id: str, as_json: bool) -> None:
    """Look a pending order up at its LP now, and show what was seen.

    Settles it only on proof, as the worker does; there is no way to force an outcome. Exits 1
    while the order is not final.
    """
    wanted = _order_id(order_id)

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        tenant_id, before = await orders.find(container, wanted)
        after = before
        if not before.order.is_final:
            await _look(container, tenant_id, before)
            after = await orders.load(container, tenant_id, wanted) or before
        shown = orders.shown_detail(after, tenant_id, await orders.catalog(container))
        return {"looked": _looks(after) != _looks(before) or after != before, **shown}

    result = run(work)
    print_object(result, as_json=as_json)
    if not result["final"]:
        raise click.exceptions.Exit(1)


async def _look(container: AsyncContainer, tenant_id: TenantId, before: OrderDetail) -> None:
    order_id = before.order.id
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        if not await tx.intents.make_due(IntentKind.SETTLE_EXECUTION, order_id):
            raise click.ClickException("somebody is looking it up at this moment; ask again")
        await tx.commit()
    providers = await container.get(Mapping[LpName, LiquidityProvider])
    if before.attempt is not None and before.attempt.lp in providers:
        await (await container.get(ResolveExecution)).execute(DueIntent(tenant_id, order_id))
        return
    # This process does not know the LP, but it is due now, and a worker does.
    try:
        async with asyncio.timeout(WORKER_LOOKS_WITHIN.total_seconds()):
            while await orders.load(container, tenant_id, order_id) == before:  # noqa: ASYNC110
                await asyncio.sleep(ASK_EVERY.total_seconds())  # another process changes it
    except TimeoutError:
        raise click.ClickException(
            "no worker has looked it up, and its LP is not configured here: set AKSUM_LP_CONFIG"
        ) from None


def _looks(detail: OrderDetail) -> int:
    return 0 if detail.attempt is None else detail.attempt.looks


def _order_id(text: str) -> OrderId:
    return OrderId(decode_id(IdPrefix.ORDER, text))
