"""For operators: partners of the platform."""

from typing import Final

from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from application.tenants.set_tenant_status import SetTenantStatus
from domain.shared.errors import NotFound
from domain.shared.ids import IdPrefix, TenantId
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import PageQuery, Paging
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.parties import (
    CreateTenantBody,
    TenantBody,
    UpdateTenantBody,
    tenant_body,
)
from entrypoints.http.schemas.values import Page


@operation(
    "POST",
    "/admin/v1/tenants",
    summary="Create a tenant",
    scope=Scope.OPERATOR,
    takes=CreateTenantBody,
    answers={201: TenantBody},
    idempotent=True,
    policy=CreateTenant,
)
async def create_tenant(call: Call[CreateTenantBody]) -> Reply:
    pricing = call.input.pricing
    command = CreateTenantCommand(
        call.input.name,
        PricingPolicy(
            platform_spread_ppm=pricing.platform_spread_ppm,
            tenant_spread_ppm=pricing.tenant_spread_ppm,
            fee_ppm=pricing.fee_ppm,
        ),
    )
    done = await call.services.create_tenant.execute_once(command, call.idempotency)
    shown = tenant_body(done.value)
    return created(shown, location=f"/admin/v1/tenants/{shown.id}", replayed=done.replayed)


@operation(
    "GET",
    "/admin/v1/tenants",
    summary="List tenants, oldest first",
    scope=Scope.OPERATOR,
    takes=PageQuery,
    answers={200: Page[TenantBody]},
)
async def list_tenants(call: Call[PageQuery]) -> Reply:
    paging = Paging("tenants", call.tenant_id, call.input)
    async with call.services.uow.begin(HOUSE_TENANT_ID) as tx:
        partners = await tx.tenants.partners()
    by_id = sorted(partners, key=lambda row: row.tenant.id)
    after = [row for row in by_id if row.tenant.id.int > (paging.position or 0)]
    return answer(paging.page(after, position=lambda row: row.tenant.id.int, show=tenant_body))


@operation(
    "GET",
    "/admin/v1/tenants/{tenant_id}",
    summary="Get a tenant",
    scope=Scope.OPERATOR,
    takes=Nothing,
    answers={200: TenantBody},
    item=IdPrefix.TENANT,
)
async def get_tenant(call: Call[Nothing]) -> Reply:
    async with call.services.uow.begin(_partner(call)) as tx:
        stored = await tx.tenants.get()
    return answer(tenant_body(stored))


@operation(
    "PATCH",
    "/admin/v1/tenants/{tenant_id}",
    summary="Suspend a tenant, or end its suspension",
    scope=Scope.OPERATOR,
    takes=UpdateTenantBody,
    answers={200: TenantBody},
    item=IdPrefix.TENANT,
    policy=SetTenantStatus,
)
async def update_tenant(call: Call[UpdateTenantBody]) -> Reply:
    stored = await call.services.set_tenant_status.execute(_partner(call), call.input.status)
    return answer(tenant_body(stored))


def _partner(call: Call[Nothing] | Call[UpdateTenantBody]) -> TenantId:
    """The house keeps books and has no status to change."""
    tenant_id = TenantId(call.item_id)
    if tenant_id == HOUSE_TENANT_ID:
        raise NotFound("no such tenant")
    return tenant_id


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_tenant,
    list_tenants,
    get_tenant,
    update_tenant,
)
