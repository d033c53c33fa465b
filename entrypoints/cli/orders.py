"""Finding and showing orders of any tenant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from dishka import AsyncContainer

from application.ports.catalog import Platform
from application.ports.change_requests import ResolveOrder
from application.ports.clock import Clock
from application.ports.trading import LpAttempt, OrderDetail
from application.ports.unit_of_work import UnitOfWork
from domain.assets.catalog import Catalog
from domain.assets.instrument import Instrument
from domain.liquidity.resolution import AttemptStatus
from domain.orders.by_hand import is_in_review
from domain.orders.order import Order
from domain.shared.errors import NotFound
from domain.shared.ids import IdPrefix, OrderId, TenantId, encode_id
from domain.shared.money import format_units
from entrypoints.cli.operator import partners

SETTLED: Final = (AttemptStatus.FILLED, AttemptStatus.REJECTED)


async def find(container: AsyncContainer, order_id: OrderId) -> tuple[TenantId, OrderDetail]:
    """Whose order it is. Raises `NotFound`."""
    for stored in await partners(container):
        detail = await load(container, stored.tenant.id, order_id)
        if detail is not None:
            return stored.tenant.id, detail
    raise NotFound("no tenant has this order", order=encode_id(IdPrefix.ORDER, order_id))


async def load(
    container: AsyncContainer, tenant_id: TenantId, order_id: OrderId
) -> OrderDetail | None:
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        try:
            return await tx.orders.detail(order_id)
        except NotFound:
            return None


async def catalog(container: AsyncContainer) -> Catalog:
    platform: Platform = await container.get(Platform)
    return (await platform.view()).catalog


class Showing(msgspec.Struct, frozen=True):
    """What it takes to show an order: how assets are written, and what time it is."""

    assets: Catalog
    now: datetime


async def showing(container: AsyncContainer) -> Showing:
    clock: Clock = await container.get(Clock)
    return Showing(await catalog(container), clock.now())


def shown(order: Order, tenant_id: TenantId, by: Showing) -> Mapping[str, object]:
    instrument = by.assets.instrument(order.instrument)
    return {
        "id": encode_id(IdPrefix.ORDER, order.id),
        "tenant_id": encode_id(IdPrefix.TENANT, tenant_id),
        "customer_id": encode_id(IdPrefix.CUSTOMER, order.customer_id),
        "client_order_id": order.client_order_id,
        "status": order.status.value,
        "outcome": None if order.outcome is None else order.outcome.value,
        "final": order.is_final,
        "in_review": is_in_review(order, now=by.now),
        "instrument": order.instrument,
        "side": order.side.value,
        "base_amount": format_units(order.base_units, scale=instrument.base.scale),
        "quote_amount": format_units(order.quote_units, scale=instrument.quote.scale),
        "reject_reason": order.reject_reason,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "version": order.version,
    }


def shown_detail(detail: OrderDetail, tenant_id: TenantId, by: Showing) -> Mapping[str, object]:
    transaction = detail.transaction_id
    return {
        **shown(detail.order, tenant_id, by),
        "transaction_id": (
            None if transaction is None else encode_id(IdPrefix.TRANSACTION, transaction)
        ),
        "attempt": None if detail.attempt is None else _attempt(detail.attempt),
        "earlier_attempts": [_attempt(each) for each in detail.earlier],
    }


def _attempt(attempt: LpAttempt) -> Mapping[str, object]:
    """What we know from the LP, and how."""
    return {
        "number": attempt.number,
        "lp": attempt.lp,
        "status": attempt.status.value,
        "lp_quote_id": attempt.lp_quote_id,
        "lp_execution_id": attempt.lp_execution_id,
        "lp_expires_at": attempt.lp_expires_at,
        "looks": attempt.looks,
        # Who looked last is kept with each look, and has resolved nothing while there is no proof.
        "resolved_by": attempt.resolved_by if attempt.status in SETTLED else None,
        "seen": None if attempt.evidence is None else msgspec.json.decode(attempt.evidence),
    }


def shown_resolution(change: ResolveOrder, instrument: Instrument) -> Mapping[str, object]:
    """What two operators say, or one so far."""
    base, quote = change.base_units, change.quote_units
    return {
        "order": encode_id(IdPrefix.ORDER, change.order_id),
        "attempt": change.attempt,
        "as": change.outcome.value,
        "lp_execution_id": change.lp_execution_id,
        "lp_base": None if base is None else format_units(int(base), scale=instrument.base.scale),
        "lp_quote": (
            None if quote is None else format_units(int(quote), scale=instrument.quote.scale)
        ),
        "evidence": encode_id(IdPrefix.EVIDENCE, change.evidence_id),
        "evidence_sha256": change.evidence_sha256,
    }
