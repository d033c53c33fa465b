"""For operators: a tenant's orders at their LPs, resolutions by two people, and incidents."""

from typing import Final
from uuid import UUID

from application.orders.keep_incidents import KeepIncidents
from application.orders.resolve_by_hand import ProposeResolution, ResolveByHand
from application.ports.trading import OrderFilter
from application.tenants.authenticate import operator_of
from domain.assets.catalog import Catalog
from domain.assets.instrument import split_symbol
from domain.orders.by_hand import ManualResolution, is_in_review
from domain.orders.incident import ExecutionIncident
from domain.shared.ids import IdPrefix, IncidentId, OrderId, TenantId
from domain.shared.money import AmountInvalid, AssetCode, parse_units
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, operation
from entrypoints.http.paging import Paging
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer
from entrypoints.http.routes.change_requests import change_created, partner
from entrypoints.http.schemas.admin_orders import (
    AdminOrderBody,
    AdminOrderListBody,
    AdminOrderQuery,
    AdminOrdersQuery,
    CloseIncidentBody,
    CreateResolutionBody,
    IncidentBody,
    IncidentsQuery,
    attempt_body,
    evidence_body,
    incident_body,
)
from entrypoints.http.schemas.change_requests import ChangeRequestBody
from entrypoints.http.schemas.orders import order_body
from entrypoints.http.schemas.values import Page

ORDERS: Final = "/admin/v1/orders"
ORDER: Final = f"{ORDERS}/{{order_id}}"
INCIDENTS: Final = "/admin/v1/incidents"
INCIDENT: Final = f"{INCIDENTS}/{{incident_id}}"
EVIDENCE_SHOWN_MAX: Final = 100


@operation(
    "GET",
    ORDERS,
    summary="List a tenant's orders, newest first",
    scope=Scope.OPERATOR,
    takes=AdminOrdersQuery,
    answers={200: Page[AdminOrderListBody]},
    refusals=("not_found",),
)
async def list_tenant_orders(call: Call[AdminOrdersQuery]) -> Reply:
    asked = call.input
    paging = Paging("tenant's orders", call.tenant_id, asked)
    tenant_id = await partner(call, asked.tenant_id)
    before = None if paging.position is None else UUID(int=paging.position)
    wanted = OrderFilter(status=asked.status, outcome=asked.outcome)
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(tenant_id) as tx:
        rows = await tx.orders.page(wanted, before=before, limit=paging.rows)
    now = call.services.clock.now()
    return answer(
        paging.page(
            rows,
            position=lambda row: row.id.int,
            show=lambda row: AdminOrderListBody(
                tenant_id=asked.tenant_id,
                in_review=is_in_review(row, now=now),
                order=order_body(row, catalog),
            ),
        )
    )


@operation(
    "GET",
    ORDER,
    summary="Get a tenant's order with its attempts and evidence",
    scope=Scope.OPERATOR,
    takes=AdminOrderQuery,
    answers={200: AdminOrderBody},
    item=IdPrefix.ORDER,
)
async def get_tenant_order(call: Call[AdminOrderQuery]) -> Reply:
    tenant_id = await partner(call, call.input.tenant_id)
    catalog = (await call.services.platform.view()).catalog
    order_id = OrderId(call.item_id)
    async with call.services.uow.begin(tenant_id) as tx:
        detail = await tx.orders.detail(order_id)
        evidence = await tx.order_evidence.of_order(order_id, limit=EVIDENCE_SHOWN_MAX)
    base, quote = map(catalog.asset, split_symbol(detail.order.instrument))
    attempts = [*reversed(detail.earlier), *filter(None, [detail.attempt])]
    return answer(
        AdminOrderBody(
            tenant_id=call.input.tenant_id,
            in_review=is_in_review(detail.order, now=call.services.clock.now()),
            order=order_body(detail.order, catalog),
            attempts=[attempt_body(each, base, quote) for each in attempts],
            evidence=[evidence_body(each) for each in evidence],
        )
    )


@operation(
    "POST",
    f"{ORDER}/resolutions",
    summary="Propose what became of an order, on the LP's own word",
    scope=Scope.OPERATOR,
    takes=CreateResolutionBody,
    answers={201: ChangeRequestBody},
    item=IdPrefix.ORDER,
    idempotent=True,
    refusals=("order_not_in_review",),
    policy=ResolveByHand,
)
async def create_resolution(call: Call[CreateResolutionBody]) -> Reply:
    asked = call.input
    tenant_id = await partner(call, asked.tenant_id)
    order_id = OrderId(call.item_id)
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(tenant_id) as tx:
        base, quote = split_symbol((await tx.orders.get(order_id)).instrument)
    command = ProposeResolution(
        tenant_id=tenant_id,
        order_id=order_id,
        resolution=ManualResolution(
            outcome=asked.outcome,
            lp_execution_id=asked.lp_execution_id,
            base_units=_units(asked.base_amount, base, catalog, pointer="/base_amount"),
            quote_units=_units(asked.quote_amount, quote, catalog, pointer="/quote_amount"),
        ),
        evidence_name=asked.evidence_name,
        evidence=asked.evidence.encode(),
        reason=asked.reason,
        by=operator_of(call.caller),
        request=call.idempotency,
    )
    return await change_created(
        call, tenant_id, await call.services.resolve_by_hand.propose(command)
    )


@operation(
    "GET",
    INCIDENTS,
    summary="List a tenant's incidents, newest first",
    scope=Scope.OPERATOR,
    takes=IncidentsQuery,
    answers={200: Page[IncidentBody]},
    refusals=("not_found",),
)
async def list_incidents(call: Call[IncidentsQuery]) -> Reply:
    asked = call.input
    paging = Paging("incidents", call.tenant_id, asked)
    tenant_id = await partner(call, asked.tenant_id)
    before = None if paging.position is None else IncidentId(UUID(int=paging.position))
    async with call.services.uow.begin(tenant_id) as tx:
        rows = await tx.incidents.page(is_open=asked.open, before=before, limit=paging.rows)
        assets = {each.id: (await tx.orders.get(each.order_id)).instrument for each in rows}
    catalog = (await call.services.platform.view()).catalog
    return answer(
        paging.page(
            rows,
            position=lambda row: row.id.int,
            show=lambda row: _incident(row, assets[row.id], catalog, tenant_id),
        )
    )


@operation(
    "POST",
    f"{INCIDENT}/close",
    summary="Close an incident, with what was done about it",
    scope=Scope.OPERATOR,
    takes=CloseIncidentBody,
    answers={200: IncidentBody},
    item=IdPrefix.INCIDENT,
    refusals=("incident_closed",),
    policy=KeepIncidents,
)
async def close_incident(call: Call[CloseIncidentBody]) -> Reply:
    asked = call.input
    tenant_id = await partner(call, asked.tenant_id)
    done = await call.services.keep_incidents.close(
        tenant_id, IncidentId(call.item_id), by=operator_of(call.caller), note=asked.note
    )
    async with call.services.uow.begin(tenant_id) as tx:
        instrument = (await tx.orders.get(done.order_id)).instrument
    catalog = (await call.services.platform.view()).catalog
    return answer(_incident(done, instrument, catalog, tenant_id))


def _incident(
    incident: ExecutionIncident, instrument: str, catalog: Catalog, tenant_id: TenantId
) -> IncidentBody:
    base, quote = map(catalog.asset, split_symbol(instrument))
    return incident_body(incident, base, quote, tenant_id=tenant_id)


def _units(text: str | None, asset: AssetCode, catalog: Catalog, *, pointer: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_units(text, scale=catalog.asset(asset).scale)
    except AmountInvalid as error:
        raise invalid(error.detail, pointer=pointer) from None


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    list_tenant_orders,
    get_tenant_order,
    create_resolution,
    list_incidents,
    close_incident,
)
