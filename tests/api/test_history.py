"""Balances and entries as they were, as partners read them."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from adapters.memory.unit_of_work import MemoryUnitOfWork
from domain.ledger.commands import Post
from domain.ledger.templates import Header, reversal
from domain.shared.ids import IdPrefix, TransactionId, decode_id, encode_id
from entrypoints.http.schemas.values import timestamp
from tests.api.world import Caller, Json, Partner, World, problem

HOUR = timedelta(hours=1)


@pytest.fixture
def fresh(partner: Partner) -> str:
    """A customer whose account is opened by the first deposit."""
    return partner.other_customer_id


async def usdt(caller: Caller, customer: str, **asked: str) -> Json:
    found = (await caller.read("/v1/accounts", customer_id=customer, **asked))["data"]
    account: Json = next(each for each in found if each["asset"] == "USDT")
    return account


async def deposited(caller: Caller, world: World, customer: str, amount: str) -> datetime:
    """When, with an hour before and after."""
    world.clock.advance(HOUR)
    await caller.deposit(customer, "USDT", amount)
    at = world.clock.now()
    world.clock.advance(HOUR)
    return at


async def test_balance_as_of_a_time_is_what_was_booked_by_then(
    caller: Caller, world: World, fresh: str
) -> None:
    first = await deposited(caller, world, fresh, "3")
    second = await deposited(caller, world, fresh, "4")
    now = await usdt(caller, fresh)
    for at, posted in (
        (first - HOUR, "0.00000000"),
        (first + HOUR, "3.00000000"),
        (second - timedelta(microseconds=1), "3.00000000"),
        (second + HOUR, "7.00000000"),
    ):
        then = await usdt(caller, fresh, as_of=timestamp(at))
        assert then == now | {"posted": posted, "held": None, "available": None}
        one = await caller.read(f"/v1/accounts/{now['id']}", as_of=timestamp(at))
        assert one == then
    assert (now["posted"], now["available"]) == ("7.00000000", "7.00000000")


async def test_balance_on_a_day_is_what_counts_for_it(
    caller: Caller, world: World, fresh: str
) -> None:
    first = await deposited(caller, world, fresh, "3")
    world.clock.advance(timedelta(days=2))
    second = await deposited(caller, world, fresh, "4")
    for at, posted in (
        (first - timedelta(days=1), "0.00000000"),
        (first, "3.00000000"),
        (second - timedelta(days=1), "3.00000000"),
        (second, "7.00000000"),
    ):
        then = await usdt(caller, fresh, effective_on=at.date().isoformat())
        assert (then["posted"], then["held"]) == (posted, None)
        one = await caller.read(f"/v1/accounts/{then['id']}", effective_on=at.date().isoformat())
        assert one == then


async def test_one_instant_may_be_written_with_any_offset(
    caller: Caller, world: World, fresh: str
) -> None:
    first = await deposited(caller, world, fresh, "3")
    await deposited(caller, world, fresh, "4")
    elsewhere = (first + HOUR + timedelta(hours=5)).replace(tzinfo=None).isoformat() + "+05:00"
    assert (await usdt(caller, fresh, as_of=elsewhere))["posted"] == "3.00000000"


async def test_shared_account_has_a_past_too(caller: Caller, world: World, fresh: str) -> None:
    first = await deposited(caller, world, fresh, "3")
    deposit = await caller.deposit(fresh, "USDT", "4")
    transaction = await caller.read(f"/v1/transactions/{deposit['transaction_id']}")
    (shared,) = (each for each in transaction["entries"] if each["seq"] is None)
    path = f"/v1/accounts/{shared['account_id']}"
    posted = [
        (await caller.read(path, as_of=timestamp(at)))["posted"]
        for at in (first - HOUR, first + HOUR / 2)
    ]
    assert Decimal(posted[1]) - Decimal(posted[0]) == 3


async def test_entries_as_of_a_time_end_with_what_was_booked_by_then(
    caller: Caller, world: World, fresh: str
) -> None:
    times = [await deposited(caller, world, fresh, amount) for amount in ("1", "2", "3")]
    path = f"/v1/accounts/{(await usdt(caller, fresh))['id']}/entries"
    asked = {"as_of": timestamp(times[1] + HOUR / 2)}
    page = await caller.read(path, limit=1, **asked)
    rest = await caller.read(path, limit=1, cursor=page["next_cursor"], **asked)

    shown = [*page["data"], *rest["data"]]
    assert [each["balance_after"] for each in shown] == ["3.00000000", "1.00000000"]
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    other = await caller.get(path, cursor=page["next_cursor"])
    assert problem(other, 400, "validation_failed")["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize(
    "as_of",
    [
        "",
        "yesterday",
        "1",
        "1767600000",
        "2020-01-05",
        "2020-01-05T09:00:00",
        "2020-02-30T09:00:00Z",
        "2020-01-05T09:00:00 00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
    ],
)
async def test_time_that_is_none_or_is_to_come_is_refused(
    caller: Caller, fresh: str, as_of: str
) -> None:
    await caller.deposit(fresh, "USDT", "1")
    account = f"/v1/accounts/{(await usdt(caller, fresh))['id']}"
    for path, named in (
        ("/v1/accounts", {"customer_id": fresh}),
        (account, {}),
        (f"{account}/entries", {}),
    ):
        refused = problem(await caller.get(path, **named, as_of=as_of), 400, "validation_failed")
        assert refused["errors"][0]["parameter"] == "as_of"


async def test_day_that_is_none_or_is_to_come_is_refused(
    caller: Caller, world: World, fresh: str
) -> None:
    tomorrow = (world.clock.now() + timedelta(days=1)).date().isoformat()
    for day in ("", "1", "2020-02-30", "2020-01-05T00:00:00Z", tomorrow):
        response = await caller.get("/v1/accounts", customer_id=fresh, effective_on=day)
        refused = problem(response, 400, "validation_failed")
        assert refused["errors"][0]["parameter"] == "effective_on"


async def test_two_pasts_at_once_are_refused(caller: Caller, fresh: str) -> None:
    both = {"as_of": "2020-01-05T09:00:00Z", "effective_on": "2020-01-05"}
    response = await caller.get("/v1/accounts", customer_id=fresh, **both)
    problem(response, 400, "validation_failed")


async def test_entries_of_a_time_begin_with_from_and_end_before_to(
    caller: Caller, world: World, fresh: str
) -> None:
    """Times that follow each other share no entry and leave none out."""
    for amount in ("1", "2", "3", "4"):
        await deposited(caller, world, fresh, amount)
    path = f"/v1/accounts/{(await usdt(caller, fresh))['id']}/entries"
    every = (await caller.read(path))["data"]
    second, fourth = every[2]["booked_at"], every[0]["booked_at"]

    middle = {"from": second, "to": fourth}
    first = await caller.read(path, limit=1, **middle)
    rest = await caller.read(path, limit=1, cursor=first["next_cursor"], **middle)
    before, after = [
        (await caller.read(path, **one))["data"] for one in ({"to": second}, {"from": fourth})
    ]

    assert [*first["data"], *rest["data"]] == every[1:3]
    assert not rest["has_more"]
    assert [*after, *every[1:3], *before] == every
    for wrong in (
        {"from": "9999-12-31T23:59:59Z"},
        {"to": "1"},
        {"to": "0001-01-01T00:00:00Z"},
        {"from": fourth, "to": fourth},
        {"from": fourth, "as_of": second},
    ):
        refused = problem(await caller.get(path, **wrong), 400, "validation_failed")
        assert refused["errors"][0]["parameter"] in wrong
    problem(await caller.get(path, as_of=second, to=fourth), 400, "validation_failed")


async def test_transactions_are_found_by_the_object_they_are_about(
    caller: Caller, world: World, partner: Partner
) -> None:
    deposit = await caller.deposit(partner.customer_id, "USDT", "1")
    posted = decode_id(IdPrefix.TRANSACTION, deposit["transaction_id"])
    turned = await reversed_by(world, partner, TransactionId(posted))
    about = {"reference": deposit["id"]}
    found = await caller.read("/v1/transactions", **about)
    assert found["data"] == [
        await caller.read(f"/v1/transactions/{each}")
        for each in (deposit["transaction_id"], turned)
    ]
    assert found["has_more"] is False
    first = await caller.read("/v1/transactions", limit=1, **about)
    rest = await caller.read("/v1/transactions", limit=1, cursor=first["next_cursor"], **about)
    assert ([*first["data"], *rest["data"]], rest["has_more"]) == (found["data"], False)
    assert (await caller.read("/v1/transactions", reference="ord_unknown"))["data"] == []
    for wrong in ({}, {"reference": ""}, {"reference": "a b"}, {"reference": "x" * 65}):
        refused = problem(await caller.get("/v1/transactions", **wrong), 400, "validation_failed")
        assert refused["errors"][0]["parameter"] == "reference"


async def reversed_by(world: World, partner: Partner, posted: TransactionId) -> str:
    """The id of what turns the transaction, which is about the same object."""
    async with MemoryUnitOfWork(world.store).begin(partner.tenant_id) as tx:
        original = (await tx.journal.transaction(posted)).transaction
        now = world.clock.now()
        header = Header(TransactionId(world.ids.new()), original.reference, now.date())
        turning = reversal(header, original)
        assert (await tx.journal.post((Post(turning, now),)))[0].accepted
        await tx.commit()
    return encode_id(IdPrefix.TRANSACTION, turning.id)
