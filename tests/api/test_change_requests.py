"""Credit lines and closed accounts: one operator proposes, another approves."""

import httpx
import pytest

from domain.shared.ids import IdPrefix, encode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.api.world import Caller, Json, Partner, World, made, problem

CHANGES = "/admin/v1/change-requests"
NOWHERE = "chg_01h455vb4pex5vsknk084sn02q"


class Desk:
    """Two operators, and the USDT account of a customer with nothing."""

    def __init__(self, first: Caller, second: Caller, caller: Caller, partner: Partner) -> None:
        self.first, self.second, self.caller = first, second, caller
        self.partner, self.tenant = partner, encode_id(IdPrefix.TENANT, partner.tenant_id)
        self.customer = ""
        self.account = ""

    async def open(self) -> None:
        self.customer = await self.caller.customer("credit")
        await self.caller.deposit(self.customer, "USDT", "1")
        await self.pay("1")
        (account,) = (await self.caller.read("/v1/accounts", customer_id=self.customer))["data"]
        self.account = account["id"]

    async def paying(self, amount: str) -> httpx.Response:
        body = {
            "from_customer_id": self.customer,
            "to_customer_id": self.partner.customer_id,
            "asset": "USDT",
            "amount": amount,
        }
        return await self.caller.post("/v1/transfers", body)

    async def pay(self, amount: str) -> None:
        made(await self.paying(amount), 201)

    def body(self, line: str | None = "100", **changed: object) -> Json:
        asked: Json = {
            "tenant_id": self.tenant,
            "account_id": self.account,
            "kind": "close_account" if line is None else "credit_line",
            "reason": "OPS-7",
        }
        return asked | ({} if line is None else {"credit_line": line}) | changed

    async def propose(self, line: str | None = "100") -> Json:
        return await self.first.make(CHANGES, self.body(line))

    async def approve(self, change: Json, *, by: Caller | None = None) -> httpx.Response:
        path = f"{CHANGES}/{change['id']}/approve"
        return await (by or self.second).post(path, {"tenant_id": self.tenant})

    async def grant(self, line: str | None) -> Json:
        return made(await self.approve(await self.propose(line)), 201)


@pytest.fixture
async def desk(
    world: World, operator: Caller, client: httpx.AsyncClient, caller: Caller, partner: Partner
) -> Desk:
    made_now = Desk(operator, Caller(client, await world.operator("Kwame")), caller, partner)
    await made_now.open()
    return made_now


async def test_credit_line_is_granted_by_two_and_spent_to_the_unit(desk: Desk) -> None:
    proposed = await desk.propose("100.5")
    assert (proposed["state"], proposed["version"], proposed["decided_by"]) == ("proposed", 1, None)
    problem(await desk.paying("1"), 422, "insufficient_funds")
    applied = made(await desk.approve(proposed), 201)
    assert applied["proposed_by"]["name"] == "test"
    assert applied["decided_by"]["name"] == "Kwame"
    assert applied["decided_by"]["id"].startswith("opr_")
    assert (applied["credit_line_before"], applied["credit_line"], applied["asset"]) == (
        "0.00000000",
        "100.50000000",
        "USDT",
    )
    problem(await desk.paying("100.50000001"), 422, "insufficient_funds")
    await desk.pay("100.5")
    problem(await desk.first.post(CHANGES, desk.body("0")), 422, "floor_above_available")


async def test_who_proposed_does_not_approve_and_nobody_decides_twice(desk: Desk) -> None:
    proposed = await desk.propose()
    problem(await desk.approve(proposed, by=desk.first), 403, "second_operator_required")
    made(await desk.approve(proposed), 201)
    for path in ("approve", "reject"):
        refused = await desk.first.post(
            f"{CHANGES}/{proposed['id']}/{path}", {"tenant_id": desk.tenant}
        )
        problem(refused, 409, "change_decided")


async def test_rejected_change_is_never_made(desk: Desk) -> None:
    proposed = await desk.propose()
    path = f"{CHANGES}/{proposed['id']}/reject"
    rejected = await desk.first.make(path, {"tenant_id": desk.tenant})
    assert (rejected["state"], rejected["version"]) == ("rejected", 2)
    problem(await desk.approve(proposed), 409, "change_decided")
    problem(await desk.paying("1"), 422, "insufficient_funds")


async def test_request_is_outdated_by_another_one(desk: Desk) -> None:
    first, second = await desk.propose("100"), await desk.propose("50")
    made(await desk.approve(second), 201)
    problem(await desk.approve(first), 409, "change_outdated")
    shown = await desk.second.read(f"{CHANGES}/{first['id']}", tenant_id=desk.tenant)
    assert shown == first


async def test_each_change_of_terms_is_told_once_to_the_customers_listeners(
    desk: Desk, world: World
) -> None:
    for line in ("100", "0", None):
        await desk.grant(line)
    await world.relayed()
    feed = await desk.caller.read("/v1/events", types="account.*", customer_id=desk.customer)
    shared = {"id": desk.account, "customer_id": desk.customer, "asset": "USDT"}
    assert [(each["type"], each["resource_version"], each["data"]) for each in feed["data"]] == [
        ("account.credit_line_changed.v1", 1, {**shared, "credit_line": "100.00000000"}),
        ("account.credit_line_changed.v1", 2, {**shared, "credit_line": "0.00000000"}),
        ("account.closed.v1", 3, shared),
    ]


async def test_account_is_closed_for_good_and_pays_nothing_any_more(desk: Desk) -> None:
    await desk.caller.deposit(desk.customer, "USDT", "2")
    proposed = await desk.propose(None)
    problem(await desk.approve(proposed), 409, "account_not_empty")
    await desk.pay("2")
    closed = made(await desk.approve(proposed), 201)
    assert (closed["state"], closed["credit_line"], closed["kind"]) == (
        "applied",
        None,
        "close_account",
    )
    account = await desk.caller.read(f"/v1/accounts/{desk.account}")
    assert account["status"] == "closed"
    deposit = {"customer_id": desk.customer, "asset": "USDT", "amount": "1"}
    problem(await desk.caller.post("/v1/sandbox/deposits", deposit), 422, "account_closed")
    problem(await desk.paying("1"), 422, "account_closed")
    problem(await desk.first.post(CHANGES, desk.body(None)), 422, "account_closed")
    back = {
        "idempotency_key": "back",
        "from_customer_id": desk.partner.customer_id,
        "to_customer_id": desk.customer,
        "asset": "USDT",
        "amount": "1",
    }
    batch = await desk.caller.make("/v1/transfers/batch", {"transfers": [back]})
    assert batch["data"][0]["problem"]["code"] == "account_closed"


async def test_same_key_proposes_and_approves_once(desk: Desk) -> None:
    answers = [await desk.first.post(CHANGES, desk.body(), key="k") for _ in range(2)]
    first, second = (made(each, 201) for each in answers)
    assert first == second
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true"]
    problem(await desk.first.post(CHANGES, desk.body("7"), key="k"), 422, "idempotency_key_reused")
    path = f"{CHANGES}/{first['id']}/approve"
    told = [await desk.second.post(path, {"tenant_id": desk.tenant}, key="k2") for _ in range(2)]
    assert [made(each, 201)["state"] for each in told] == ["applied", "applied"]
    # A partner's own key of that name is another one.
    body = {"external_id": "k"}
    made(await desk.caller.post("/v1/customers", body, key="k"), 201)


async def test_list_is_one_tenants_by_state_in_pages(desk: Desk, stranger: Partner) -> None:
    made_now = [await desk.propose(line) for line in ("1", "2", "3")]
    made(await desk.approve(made_now[2]), 201)
    waiting = await desk.first.read(CHANGES, tenant_id=desk.tenant, state="proposed", limit=1)
    assert [each["id"] for each in waiting["data"]] == [made_now[1]["id"]]
    rest = await desk.first.read(
        CHANGES,
        tenant_id=desk.tenant,
        state="proposed",
        limit=1,
        cursor=waiting["next_cursor"],
    )
    assert [each["id"] for each in rest["data"]] == [made_now[0]["id"]]
    other = encode_id(IdPrefix.TENANT, stranger.tenant_id)
    assert (await desk.first.read(CHANGES, tenant_id=other))["data"] == []
    response = await desk.first.get(f"{CHANGES}/{made_now[0]['id']}", tenant_id=other)
    problem(response, 404, "not_found")


async def test_bad_requests_are_refused_and_keep_nothing(desk: Desk, world: World) -> None:
    before = world.rows()["change_requests"]
    house = encode_id(IdPrefix.TENANT, HOUSE_TENANT_ID)
    shared = (await desk.caller.read("/v1/accounts"))["data"][0]["id"]
    for body, status, code in (
        (desk.body("-1"), 400, "validation_failed"),
        (desk.body("1.123456789"), 400, "validation_failed"),
        (desk.body("9" * 40), 400, "validation_failed"),
        (desk.body(None, credit_line="1"), 400, "validation_failed"),
        (desk.body(None, kind="credit_line"), 400, "validation_failed"),
        (desk.body(reason=""), 400, "validation_failed"),
        (desk.body(reason="two\nlines"), 400, "validation_failed"),
        (desk.body(tenant_id=house), 404, "not_found"),
        (desk.body(account_id="acc_01h455vb4pex5vsknk084sn02q"), 404, "not_found"),
        (desk.body(account_id=shared), 422, "account_not_strict"),
    ):
        problem(await desk.first.post(CHANGES, body), status, code)
    nothing = await desk.first.post(f"{CHANGES}/{NOWHERE}/approve", {"tenant_id": desk.tenant})
    problem(nothing, 404, "not_found")
    problem(await desk.caller.post(CHANGES, desk.body()), 403, "insufficient_scope")
    assert world.rows()["change_requests"] == before


async def test_operators_read_the_houses_accounts_and_partners_do_not(
    desk: Desk, world: World
) -> None:
    page = await desk.first.read("/admin/v1/accounts")
    problem(await desk.caller.get("/admin/v1/accounts"), 403, "insufficient_scope")
    problem(await desk.first.get("/v1/accounts"), 403, "insufficient_scope")
    assert page["has_more"] is False
