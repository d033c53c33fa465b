"""Accounts, statements and the journal, as partners read them."""

from decimal import Decimal

import httpx

from tests.api.world import Caller, Partner, problem


async def test_statement_runs_without_a_gap_to_the_balance(
    caller: Caller, partner: Partner
) -> None:
    quote = await caller.quote(partner.customer_id)
    order = await caller.make("/v1/orders", {"quote_id": quote["id"]})
    accounts = (await caller.read("/v1/accounts", customer_id=partner.customer_id))["data"]
    usdt = next(each for each in accounts if each["asset"] == "USDT")

    entries = (await caller.read(f"/v1/accounts/{usdt['id']}/entries"))["data"]

    assert [each["seq"] for each in entries] == [2, 1]
    assert entries[0]["balance_after"] == usdt["posted"]
    assert entries[0]["reference"] == order["id"]
    assert Decimal(entries[0]["amount"]) == -Decimal(quote["quote_amount"])
    assert sum(Decimal(each["amount"]) for each in entries) == Decimal(usdt["posted"])
    assert usdt["version"] == 2


async def test_transaction_sums_to_nothing_per_asset(caller: Caller, partner: Partner) -> None:
    quote = await caller.quote(partner.customer_id)
    await caller.make("/v1/orders", {"quote_id": quote["id"]})
    accounts = (await caller.read("/v1/accounts", customer_id=partner.customer_id))["data"]
    entries = (await caller.read(f"/v1/accounts/{accounts[0]['id']}/entries"))["data"]

    transaction = await caller.read(f"/v1/transactions/{entries[0]['transaction_id']}")

    sums: dict[str, Decimal] = {}
    for entry in transaction["entries"]:
        sums[entry["asset"]] = sums.get(entry["asset"], Decimal(0)) + Decimal(entry["amount"])
    assert set(sums) == {"BTC", "USDT"}
    assert set(sums.values()) == {Decimal(0)}
    assert transaction["version"] == 1


async def test_shared_accounts_are_the_tenants_own_to_read(
    caller: Caller, partner: Partner
) -> None:
    deposit = await caller.deposit(partner.customer_id, "USDT", "1")
    transaction = await caller.read(f"/v1/transactions/{deposit['transaction_id']}")
    (shared,) = (each for each in transaction["entries"] if each["seq"] is None)

    account = await caller.read(f"/v1/accounts/{shared['account_id']}")

    assert (account["code"], account["customer_id"]) == ("house_clearing", None)
    assert account in (await caller.read("/v1/accounts"))["data"]
    (newest, *_) = (await caller.read(f"/v1/accounts/{account['id']}/entries"))["data"]
    assert newest == {**shared, "balance_after": account["posted"]}


async def test_own_accounts_come_in_pages_and_belong_to_no_customer(
    caller: Caller, partner: Partner, stranger: Partner, client: httpx.AsyncClient
) -> None:
    await caller.deposit(partner.customer_id, "USDT", "1")
    await caller.deposit(partner.customer_id, "BTC", "1")
    other = Caller(client, stranger.key)
    whole = (await caller.read("/v1/accounts"))["data"]
    assert len(whole) >= 2
    assert {each["customer_id"] for each in whole} == {None}
    first = await caller.read("/v1/accounts", limit=1)
    rest = await caller.read("/v1/accounts", limit=100, cursor=first["next_cursor"])
    assert first["data"] + rest["data"] == whole
    theirs = (await other.read("/v1/accounts"))["data"]
    assert not {each["id"] for each in whole} & {each["id"] for each in theirs}
    for path in ("", "/entries"):
        response = await other.get(f"/v1/accounts/{whole[0]['id']}{path}")
        problem(response, 404, "not_found")


async def test_transfer_moves_between_two_customers(caller: Caller, partner: Partner) -> None:
    body = {
        "from_customer_id": partner.customer_id,
        "to_customer_id": partner.other_customer_id,
        "asset": "USDT",
        "amount": "0.00000001",
        "reference": "Miete März",
    }
    transfer = await caller.make("/v1/transfers", body)

    assert await caller.read(f"/v1/transfers/{transfer['id']}") == transfer
    assert (transfer["status"], transfer["reference"]) == ("completed", "Miete März")
    assert (await caller.balances(partner.other_customer_id))["USDT"][0] == "0.00000001"
    assert (await caller.balances(partner.customer_id))["USDT"][0] == "99999.99999999"


async def test_transfer_beyond_the_balance_is_refused_for_ever(
    caller: Caller, partner: Partner
) -> None:
    body = {
        "from_customer_id": partner.other_customer_id,
        "to_customer_id": partner.customer_id,
        "asset": "USDT",
        "amount": "5",
    }
    problem(await caller.post("/v1/transfers", body, key="k"), 422, "insufficient_funds")
    await caller.deposit(partner.other_customer_id, "USDT", "100")
    replay = await caller.post("/v1/transfers", body, key="k")

    problem(replay, 422, "insufficient_funds")
    assert replay.headers["idempotent-replayed"] == "true"
    await caller.make("/v1/transfers", body, key="another-decision")


async def test_transfer_to_oneself_is_refused(caller: Caller, partner: Partner) -> None:
    body = {
        "from_customer_id": partner.customer_id,
        "to_customer_id": partner.customer_id,
        "asset": "USDT",
        "amount": "5",
    }
    problem(await caller.post("/v1/transfers", body), 422, "transfer_to_self")


async def test_catalog_says_scales_limits_and_fees(caller: Caller) -> None:
    assets = (await caller.read("/v1/assets"))["data"]
    assert [(each["code"], each["scale"]) for each in assets] == [
        ("BTC", 8),
        ("NGN", 2),
        ("USDT", 8),
    ]
    instruments = (await caller.read("/v1/instruments"))["data"]
    assert instruments[0] == {
        "symbol": "BTC-USDT",
        "base": "BTC",
        "quote": "USDT",
        "tick": "0.01",
        "lot": "0.00000100",
        "status": "open",
    }
    limits = (await caller.read("/v1/limits"))["data"]
    assert limits[0]["base_amount"] == {"asset": "BTC", "min": "0.00010000", "max": "10.00000000"}
    fees = (await caller.read("/v1/fees"))["data"]
    assert (fees[0]["fee_ppm"], fees[0]["fee_asset"]) == (1_000, "USDT")
