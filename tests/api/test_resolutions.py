"""An outcome nobody can prove: two operators say it on the LP's word, and proof still wins."""

from datetime import timedelta

import httpx
import pytest

from adapters.memory.liquidity_faults import Armed, Fault
from application.orders.resolve_by_hand import ResolveByHand
from application.orders.resolve_execution import ResolveExecution
from application.ports.intents import DueIntent
from domain.orders.by_hand import REVIEW_AFTER
from domain.orders.incident import IncidentKind
from domain.shared.ids import IdPrefix, OrderId, decode_id, encode_id
from tests.api.world import Caller, Json, Partner, World, made, problem

ORDERS = "/admin/v1/orders"
INCIDENTS = "/admin/v1/incidents"
CHANGES = "/admin/v1/change-requests"
TICK = timedelta(microseconds=1)


class Desk:
    """Two operators, and an order whose outcome is unknown."""

    def __init__(
        self, world: World, first: Caller, second: Caller, caller: Caller, partner: Partner
    ) -> None:
        self.world, self.first, self.second = world, first, second
        self.caller, self.partner = caller, partner
        self.tenant = encode_id(IdPrefix.TENANT, partner.tenant_id)
        self.order: Json = {}
        self.path = ""

    async def open(self, fault: Fault) -> None:
        self.world.lp.arm(Armed(fault=fault))
        quote = await self.caller.quote(self.partner.customer_id)
        placed = await self.caller.post("/v1/orders", {"quote_id": quote["id"]})
        self.order = made(placed, 202)
        assert self.order["outcome"] == "unknown"
        self.path = f"{ORDERS}/{self.order['id']}"

    def body(self, **changed: object) -> Json:
        asked: Json = {
            "tenant_id": self.tenant,
            "outcome": "rejected",
            "evidence": "On 12 March LP A wrote: we have no such trade.",
            "evidence_name": "mail.txt",
            "reason": "OPS-9",
        }
        return asked | changed

    def filled(self, **changed: object) -> Json:
        fill = {"lp_execution_id": "exec-7", "base_amount": "0.1", "quote_amount": "6000.01"}
        return self.body(**({"outcome": "filled"} | fill | changed))

    async def propose(self, body: Json | None = None) -> httpx.Response:
        return await self.first.post(f"{self.path}/resolutions", body or self.body())

    async def approve(self, change: Json, *, by: Caller | None = None) -> httpx.Response:
        path = f"{CHANGES}/{change['id']}/approve"
        return await (by or self.second).post(path, {"tenant_id": self.tenant})

    async def shown(self) -> Json:
        return await self.first.read(self.path, tenant_id=self.tenant)

    async def held(self) -> str:
        return (await self.caller.balances(self.partner.customer_id))["USDT"][1]

    async def look(self) -> bool:
        resolver = await self.world.container.get(ResolveExecution)
        order_id = decode_id(IdPrefix.ORDER, self.order["id"])
        return await resolver.execute(DueIntent(self.partner.tenant_id, order_id))


@pytest.fixture
async def desk(
    world: World, operator: Caller, client: httpx.AsyncClient, caller: Caller, partner: Partner
) -> Desk:
    second = Caller(client, await world.operator("Kwame"))
    made_now = Desk(world, operator, second, caller, partner)
    await made_now.open(Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT)
    return made_now


async def test_order_is_in_review_only_when_its_time_is_over(desk: Desk) -> None:
    desk.world.later(REVIEW_AFTER - TICK)
    assert (await desk.shown())["in_review"] is False
    problem(await desk.propose(), 409, "order_not_in_review")
    desk.world.later(TICK)
    shown = await desk.shown()
    assert (shown["in_review"], shown["order"]["outcome"]) == (True, "unknown")
    (listed,) = (await desk.first.read(ORDERS, tenant_id=desk.tenant, outcome="unknown"))["data"]
    assert (listed["in_review"], listed["order"]["id"]) == (True, desk.order["id"])


async def test_rejection_by_two_gives_the_hold_back_and_keeps_the_evidence(desk: Desk) -> None:
    desk.world.later(REVIEW_AFTER)
    proposed = made(await desk.propose(), 201)
    assert (proposed["kind"], proposed["state"]) == ("resolve_order", "proposed")
    assert proposed["resolution"]["outcome"] == "rejected"
    assert await desk.held() != "0.00000000"
    problem(await desk.approve(proposed, by=desk.first), 403, "second_operator_required")
    assert (await desk.shown())["order"]["final"] is False

    applied = made(await desk.approve(proposed), 201)
    assert (applied["state"], applied["decided_by"]["name"]) == ("applied", "Kwame")
    shown = await desk.shown()
    assert (shown["order"]["status"], shown["in_review"]) == ("rejected", False)
    (attempt,) = shown["attempts"]
    assert (attempt["status"], attempt["resolved_by"]) == ("rejected", "operators")
    (evidence,) = shown["evidence"]
    assert (evidence["name"], evidence["added_by"]["name"]) == ("mail.txt", "test")
    assert evidence["sha256"] == proposed["resolution"]["evidence_sha256"]
    assert await desk.held() == "0.00000000"
    problem(await desk.approve(proposed), 409, "change_decided")


async def test_fill_by_two_is_booked_with_the_amounts_of_the_lp(desk: Desk) -> None:
    desk.world.later(REVIEW_AFTER)
    applied = made(await desk.approve(made(await desk.propose(desk.filled()), 201)), 201)
    assert applied["resolution"]["quote_amount"] == "6000.01000000"
    shown = await desk.shown()
    assert shown["order"]["status"] == "filled"
    assert shown["order"]["quote_amount"] == desk.order["quote_amount"]
    (attempt,) = shown["attempts"]
    assert attempt["lp_execution_id"] == "exec-7"
    assert attempt["reported_quote_amount"] == "6000.01000000"
    # Another amount than the LP had quoted: the difference is the house's, and somebody looks.
    (incident,) = (await desk.first.read(INCIDENTS, tenant_id=desk.tenant))["data"]
    assert (incident["kind"], incident["state"]) == ("amounts_differ", "open")


@pytest.mark.parametrize(
    "changed",
    [
        {"lp_execution_id": None},
        {"base_amount": None},
        {"base_amount": "0"},
        {"outcome": "rejected"},
        {"evidence_name": "a\nb"},
    ],
)
async def test_resolution_that_makes_no_sense_is_refused(
    desk: Desk, changed: dict[str, object]
) -> None:
    desk.world.later(REVIEW_AFTER)
    body = {key: value for key, value in desk.filled(**changed).items() if value is not None}
    before = desk.world.rows()
    problem(await desk.propose(body), 400, "validation_failed")
    assert desk.world.rows() == before


async def test_proof_that_is_found_meanwhile_wins_and_the_proposal_lapses(desk: Desk) -> None:
    desk.world.later(REVIEW_AFTER)
    proposed = made(await desk.propose(desk.filled()), 201)
    assert await desk.look()  # absence, proven by the LP's own records
    assert (await desk.shown())["order"]["status"] == "rejected"
    problem(await desk.approve(proposed), 409, "change_outdated")
    shown = await desk.shown()
    assert (shown["order"]["status"], shown["attempts"][0]["resolved_by"]) == (
        "rejected",
        "resolver",
    )
    rejected = f"{CHANGES}/{proposed['id']}/reject"
    made(await desk.first.post(rejected, {"tenant_id": desk.tenant}), 201)


async def test_later_word_of_the_lp_makes_an_incident_and_changes_nothing(
    world: World, operator: Caller, client: httpx.AsyncClient, caller: Caller, partner: Partner
) -> None:
    second = Caller(client, await world.operator("Kwame"))
    desk = Desk(world, operator, second, caller, partner)
    await desk.open(Fault.EXECUTE_TIMEOUT_AFTER_COMMIT)
    desk.world.later(REVIEW_AFTER)
    made(await desk.approve(made(await desk.propose(), 201)), 201)

    by_hand = await desk.world.container.get(ResolveByHand)
    order_id = OrderId(decode_id(IdPrefix.ORDER, desk.order["id"]))
    before = await desk.shown()
    incident = await by_hand.recheck(desk.partner.tenant_id, order_id)
    assert incident is not None
    assert incident.kind is IncidentKind.CONTRADICTS_RESOLUTION
    assert "filled" in incident.detail
    assert await by_hand.recheck(desk.partner.tenant_id, order_id) is None
    assert await desk.shown() == before

    (listed,) = (await desk.first.read(INCIDENTS, tenant_id=desk.tenant, open="true"))["data"]
    closing = f"{INCIDENTS}/{listed['id']}/close"
    note = {"tenant_id": desk.tenant, "note": "booked by hand: OPS-10"}
    closed = await desk.second.post(closing, note)
    assert made(closed, 200)["closed_by"]["name"] == "Kwame"
    problem(await desk.second.post(closing, note), 409, "incident_closed")
    assert (await desk.first.read(INCIDENTS, tenant_id=desk.tenant, open="true"))["data"] == []


async def test_partner_sees_nothing_of_it(desk: Desk) -> None:
    for path in (ORDERS, INCIDENTS, desk.path):
        problem(await desk.caller.get(path, tenant_id=desk.tenant), 403, "insufficient_scope")
