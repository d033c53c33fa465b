"""Orders that operators have to look after, for the examples of their requests."""

import httpx
import msgspec

from adapters.memory.liquidity_faults import Armed, Fault
from adapters.memory.unit_of_work import MemoryUnitOfWork
from domain.orders.by_hand import REVIEW_AFTER
from domain.shared.ids import IdPrefix, encode_id
from tests.api.world import Caller, Json, Partner, World, made


class Troubled(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of an order whose outcome nobody can prove, and of an incident of another."""

    order: str
    incident: str


async def troubled(world: World, caller: Caller, partner: Partner) -> Troubled:
    """Takes as long as an order has to be open before people may resolve it."""
    world.lp.arm(Armed(fault=Fault.AMOUNTS_DIFFER_FROM_QUOTE))
    made(await _ordered(caller, partner), 201)
    world.lp.arm(Armed(fault=Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT))
    order = made(await _ordered(caller, partner), 202)
    world.later(REVIEW_AFTER)
    async with MemoryUnitOfWork(world.store).begin(partner.tenant_id) as tx:
        (incident,) = await tx.incidents.page(limit=1)
    return Troubled(order=order["id"], incident=encode_id(IdPrefix.INCIDENT, incident.id))


async def _ordered(caller: Caller, partner: Partner) -> httpx.Response:
    quote = await caller.quote(partner.customer_id)
    return await caller.post("/v1/orders", {"quote_id": quote["id"]})


def requests_about(these: Troubled, tenant: str) -> dict[str, tuple[str, Json | None]]:
    orders, incidents = "/admin/v1/orders", "/admin/v1/incidents"
    of_tenant = {"tenant_id": tenant}
    resolution = {
        "outcome": "rejected",
        "evidence": "On 12 March LP A wrote: we have no such trade.",
        "evidence_name": "mail.txt",
        "reason": "OPS-9",
    }
    return {
        "list_tenant_orders": (f"{orders}?tenant_id={tenant}&outcome=unknown", None),
        "get_tenant_order": (f"{orders}/{these.order}?tenant_id={tenant}", None),
        "create_resolution": (f"{orders}/{these.order}/resolutions", of_tenant | resolution),
        "list_incidents": (f"{incidents}?tenant_id={tenant}&open=true", None),
        "close_incident": (
            f"{incidents}/{these.incident}/close",
            of_tenant | {"note": "known to them, settled on 13 March"},
        ),
    }
