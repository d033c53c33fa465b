"""The answers, field for field, against example values typed after the vendor's documents."""

import asyncio

import msgspec
import pytest

from tests.simulation.harness import CONVERT, Reply, VendorClient

DOUBLE_EXACT_MAX = 2**53
QUOTE_FIELDS = [
    "quoteId",
    "ratio",
    "inverseRatio",
    "validTimestamp",
    "toAmount",
    "fromAmount",
]
ORDER_FIELDS = [
    "orderId",
    "orderStatus",
    "fromAsset",
    "fromAmount",
    "toAsset",
    "toAmount",
    "ratio",
    "inverseRatio",
    "createTime",
]


async def price(vendor: VendorClient, text: str) -> None:
    body = {"instrument": "BTC-USDT", "bid": text, "ask": text}
    assert (await vendor.control("POST", "prices", body)).status == 201


def amounts(reply: Reply) -> dict[str, object]:
    wanted = ("fromAmount", "toAmount", "ratio", "inverseRatio")
    return {name: reply.json[name] for name in wanted}


async def test_quote_has_the_documented_fields_and_values(vendor: VendorClient) -> None:
    await price(vendor, "38163.7")
    reply = await vendor.quote()
    assert list(reply.json) == QUOTE_FIELDS
    assert amounts(reply) == {
        "fromAmount": "0.1",
        "toAmount": "3816.37",
        "ratio": "38163.7",
        "inverseRatio": "0.0000262",
    }
    assert reply.json["validTimestamp"] == vendor.clock.now_ms() + 10_000
    assert reply.headers["Content-Type"].startswith("application/json")


async def test_exact_out_gives_the_documented_amounts_that_do_not_multiply(
    vendor: VendorClient,
) -> None:
    """0.00054414 x 36755 is 19.99987: rounded each for itself, the three are no equation."""
    await price(vendor, "36755")
    reply = await vendor.quote(fromAmount="", toAmount="20")
    assert amounts(reply) == {
        "fromAmount": "0.00054414",
        "toAmount": "20",
        "ratio": "36755",
        "inverseRatio": "0.00002721",
    }


async def test_buying_pays_the_ask_and_selling_gets_the_bid(vendor: VendorClient) -> None:
    sold = await vendor.quote()
    bought = await vendor.quote(fromAsset="USDT", toAsset="BTC", fromAmount="", toAmount="0.1")
    assert (sold.json["toAmount"], sold.json["ratio"]) == ("6398.72", "63987.2")
    assert (bought.json["fromAmount"], bought.json["inverseRatio"]) == ("6401.28", "64012.8")


@pytest.mark.parametrize(("asked", "ms"), [("10s", 10_000), ("30s", 30_000), ("1m", 60_000)])
async def test_validity_is_as_asked_for(vendor: VendorClient, asked: str, ms: int) -> None:
    reply = await vendor.quote(validTime=asked, walletType="SPOT_FUNDING")
    assert reply.json["validTimestamp"] == vendor.clock.now_ms() + ms


async def test_quote_beyond_the_balance_is_200_without_an_id(vendor: VendorClient) -> None:
    await vendor.control("POST", "balances", {"asset": "BTC", "amount": "0.09999999"})
    reply = await vendor.quote()
    assert reply.status == 200
    assert list(reply.json) == QUOTE_FIELDS[1:]
    await vendor.control("POST", "balances", {"asset": "BTC", "amount": "0.1"})
    assert "quoteId" in (await vendor.quote()).json


async def test_order_id_is_text_when_accepted_and_a_large_number_when_looked_up(
    vendor: VendorClient,
) -> None:
    quote_id = await vendor.quote_id()
    accepted = await vendor.accept(quote_id)
    assert list(accepted.json) == ["orderId", "createTime", "orderStatus"]
    assert accepted.json["orderStatus"] == "SUCCESS"
    found = await vendor.status(quote_id)
    assert list(found.json) == ORDER_FIELDS
    order_id = msgspec.convert(found.json["orderId"], type=int)
    assert str(order_id) == accepted.text("orderId")
    assert order_id > DOUBLE_EXACT_MAX
    assert order_id % 2 == 1, "no double holds an odd number of this size"


async def test_order_is_found_by_either_id_and_by_not_both(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    order_id = (await vendor.accept(quote_id)).text("orderId")
    by_order = await vendor.call("GET", "orderStatus", {"orderId": order_id})
    assert by_order.json == (await vendor.status(quote_id)).json
    both = await vendor.call("GET", "orderStatus", {"orderId": order_id, "quoteId": quote_id})
    neither = await vendor.call("GET", "orderStatus", {})
    assert (both.code, neither.code) == (-1128, -1102)


async def test_quote_that_was_not_accepted_is_not_found(vendor: VendorClient) -> None:
    reply = await vendor.status(await vendor.quote_id())
    assert (reply.status, reply.json) == (400, {"code": -2013, "msg": "Order does not exist."})


async def test_trade_flow_lists_the_newest_first_and_says_when_there_is_more(
    vendor: VendorClient,
) -> None:
    quotes = []
    for _ in range(3):
        quotes.append(await vendor.quote_id())
        await vendor.accept(quotes[-1])
        vendor.clock.advance(10)
    page = await vendor.flow(limit="2")
    rows = msgspec.convert(page.json["list"], type=list[dict[str, object]])
    assert [row["quoteId"] for row in rows] == [quotes[2], quotes[1]]
    assert list(rows[0]) == ["quoteId", *ORDER_FIELDS]
    assert (page.json["limit"], page.json["moreData"]) == (2, True)
    whole = await vendor.flow(limit="1000")
    assert whole.json["moreData"] is False
    nothing = await vendor.flow(endTime=str(vendor.clock.now_ms() - 50_000))
    assert nothing.json["list"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"startTime": "0"}, -1127),
        ({"limit": "1001"}, -1130),
        ({"limit": "0"}, -1130),
        ({"endTime": "1"}, -1130),
        ({"endTime": "soon"}, -1100),
    ],
)
async def test_trade_flow_window_and_limit_are_bounded(
    vendor: VendorClient, changes: dict[str, str], code: int
) -> None:
    reply = await vendor.flow(**changes)
    assert (reply.status, reply.code) == (400, code)


async def test_pairs_assets_and_time_are_published(vendor: VendorClient) -> None:
    query = "fromAsset=BTC&toAsset=USDT"
    pairs = await vendor.raw("GET", f"{CONVERT}/exchangeInfo", query=query)
    assert pairs.rows == [
        {
            "fromAsset": "BTC",
            "toAsset": "USDT",
            "fromAssetMinAmount": "0.00001",
            "fromAssetMaxAmount": "50",
            "toAssetMinAmount": "0.5",
            "toAssetMaxAmount": "2500000",
        }
    ]
    assert {"asset": "BTC", "fraction": 8} in (await vendor.call("GET", "assetInfo", {})).rows
    served = await vendor.raw("GET", "/api/v3/time")
    assert served.json == {"serverTime": vendor.clock.now_ms()}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fromAsset": ""}, -1102),
        ({"fromAmount": ""}, -1102),
        ({"toAmount": "5"}, -1128),
        ({"fromAsset": "XRP"}, -1121),
        ({"toAsset": "ETH"}, -1121),
        ({"fromAmount": "1e-1"}, -1100),
        ({"fromAmount": "-0.1"}, -1100),
        ({"fromAmount": "0.00"}, -1100),
        ({"fromAmount": "0.123456789"}, -1111),
        ({"fromAmount": "0.00000999"}, 345238),
        ({"fromAmount": "50.00000001"}, 345239),
        ({"validTime": "5s"}, -1130),
        ({"walletType": "MARGIN"}, -1130),
        ({"clientOrderId": "mine"}, -1104),
    ],
)
async def test_wrong_quote_request_is_refused_with_its_code(
    vendor: VendorClient, changes: dict[str, str], code: int
) -> None:
    reply = await vendor.quote("", **changes)
    assert (reply.status, reply.code) == (400, code)


async def test_parameter_sent_twice_is_refused(vendor: VendorClient) -> None:
    sent = f"limit=1&limit=2&timestamp={vendor.clock.now_ms()}"
    query = f"{sent}&signature={vendor.sign(sent)}"
    reply = await vendor.raw("GET", f"{CONVERT}/tradeFlow", query=query)
    assert (reply.status, reply.code) == (400, -1101)


async def test_quote_is_accepted_once_and_not_after_it_expired(vendor: VendorClient) -> None:
    used, late = await vendor.quote_id(), await vendor.quote_id()
    await vendor.accept(used)
    assert (await vendor.accept(used)).code == 345232
    vendor.clock.advance(10_000)
    assert (await vendor.accept(used)).code == 345232
    on_time = await vendor.quote_id()
    vendor.clock.advance(1)
    assert (await vendor.accept(late)).code == 345231
    assert (await vendor.accept("0" * 32)).code == 345230
    assert (await vendor.accept(on_time)).status == 200
    assert [row["quote_id"] for row in await vendor.executions()] == [used, on_time]


async def test_accept_without_balance_is_refused_and_the_quote_stays_open(
    vendor: VendorClient,
) -> None:
    quote_id = await vendor.quote_id()
    await vendor.control("POST", "balances", {"asset": "BTC", "amount": "0"})
    assert (await vendor.accept(quote_id)).code == 345233
    assert (await vendor.status(quote_id)).code == -2013
    await vendor.control("POST", "balances", {"asset": "BTC", "amount": "1"})
    assert (await vendor.accept(quote_id)).status == 200


async def test_fifty_concurrent_accepts_are_one_execution(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    before = await vendor.balance("BTC")
    replies = await asyncio.gather(*(vendor.accept(quote_id) for _ in range(50)))
    outcomes = sorted(str(reply.json.get("code", "filled")) for reply in replies)
    assert outcomes == ["345232"] * 49 + ["filled"]
    assert len(await vendor.executions()) == 1
    assert before - await vendor.balance("BTC") == msgspec.convert("0.1", type=type(before))


async def test_account_has_the_vendors_fields_and_the_balances_that_are_not_zero(
    vendor: VendorClient,
) -> None:
    await vendor.control("POST", "balances", {"asset": "ETH", "amount": "0"})
    payload = f"omitZeroBalances=true&timestamp={vendor.clock.now_ms()}"
    query = f"{payload}&signature={vendor.sign(payload)}"
    served = await vendor.raw("GET", "/api/v3/account", query=query)
    assert served.json["accountType"] == "SPOT"
    assert served.json["commissionRates"] == {
        "maker": "0.00000000",
        "taker": "0.00000000",
        "buyer": "0.00000000",
        "seller": "0.00000000",
    }
    assert served.json["preventSor"] is False
    balances = msgspec.convert(served.json["balances"], type=list[dict[str, str]])
    assert {"asset": "BTC", "free": "5000.00000000", "locked": "0.00000000"} in balances
    assert "ETH" not in {row["asset"] for row in balances}
