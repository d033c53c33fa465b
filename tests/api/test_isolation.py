"""Every operation, with one tenant's ids and another tenant's key."""

from domain.tenants.permissions import Scope
from tests.api.examples import requests_of
from tests.api.world import Caller, Partner, World, problem

# Whose items are refused and not the request; its test is below.
ANSWERED_BY_ITEM = {"create_transfer_batch"}


async def test_objects_of_another_tenant_do_not_exist(
    world: World, caller: Caller, partner: Partner, stranger: Partner, operator: Caller
) -> None:
    examples = await requests_of(world, caller, partner)
    thief = caller.with_key(stranger.key)
    before = world.state()
    reached = []
    for example in examples:
        operation = example.operation
        if operation.scope in {None, Scope.OPERATOR} or not example.names:
            continue
        if operation.name in ANSWERED_BY_ITEM:
            continue
        response = await thief.send(operation.method, example.url, example.body)
        if "?" in example.url and response.status_code == 200:
            assert response.json()["data"] == []
        else:
            problem(response, 404, "not_found")
        reached.append(operation.name)
    assert len(reached) >= 17
    assert world.state() == before


async def test_lists_show_nothing_of_another_tenant(
    world: World, caller: Caller, partner: Partner, stranger: Partner
) -> None:
    examples = await requests_of(world, caller, partner)
    theirs = frozenset[str]().union(*(example.names for example in examples))
    thief = caller.with_key(stranger.key)
    for example in examples:
        operation = example.operation
        if operation.method == "GET" and operation.scope not in {None, Scope.OPERATOR}:
            shown = (await thief.send("GET", operation.path.partition("{")[0].rstrip("/"))).text
            assert not [name for name in theirs if name in shown], operation.path


async def test_money_does_not_leave_the_tenant(
    caller: Caller, partner: Partner, stranger: Partner, world: World
) -> None:
    """The payer is ours and the payee is not: neither moves."""
    before = world.state()
    body = {
        "from_customer_id": partner.customer_id,
        "to_customer_id": stranger.customer_id,
        "asset": "USDT",
        "amount": "1",
    }
    problem(await caller.post("/v1/transfers", body), 404, "not_found")
    assert world.state() == before


async def test_batch_moves_nothing_out_of_the_tenant_or_within_another(
    caller: Caller, partner: Partner, stranger: Partner, world: World
) -> None:
    balances = world.state()[1]
    ours, theirs = partner.customer_id, (stranger.customer_id, stranger.other_customer_id)
    parties = ((ours, theirs[0]), (theirs[0], ours), theirs)
    transfers = [
        {
            "idempotency_key": str(number),
            "from_customer_id": payer,
            "to_customer_id": payee,
            "asset": "USDT",
            "amount": "1",
        }
        for number, (payer, payee) in enumerate(parties)
    ]
    done = await caller.make("/v1/transfers/batch", {"transfers": transfers})
    assert [each["problem"]["code"] for each in done["data"]] == ["not_found"] * 3
    assert world.state()[1] == balances
