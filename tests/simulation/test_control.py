"""The control surface: what it takes, what it refuses, and that it says what it knows."""

import pytest

from entrypoints.simulator.binance_convert.app import FAULTS
from entrypoints.simulator.server import UnknownDialect, create_simulator
from tests.simulation.harness import VendorClient


@pytest.mark.parametrize(
    "body",
    [
        {"fault": "no_such_fault"},
        {"fault": "partial_take"},
        {"count": 1},
        {"fault": "price_off_by", "bsp": 5},
        {"fault": "price_off_by", "bps": "5"},
        {"fault": "expired", "count": 0},
        [],
    ],
    ids=str,
)
async def test_fault_that_cannot_be_armed_is_refused(vendor: VendorClient, body: object) -> None:
    assert (await vendor.control("POST", "faults", body)).status == 400
    assert (await vendor.control("GET", "faults")).data == []


async def test_unknown_fault_lists_the_known_ones(vendor: VendorClient) -> None:
    reply = await vendor.control("POST", "faults", {"fault": "no_such_fault"})
    assert all(name in reply.text("error") for name in FAULTS)


async def test_armed_fault_strikes_as_often_as_counted_and_is_cleared(
    vendor: VendorClient,
) -> None:
    await vendor.arm("quote_5xx", count=2)
    assert (await vendor.quote()).status == 503
    left = (await vendor.control("GET", "faults")).data
    assert left == [{"fault": "quote_5xx", "count": 1, "params": {"status": 503}}]
    assert (await vendor.quote()).status == 503
    assert (await vendor.quote()).status == 200
    await vendor.arm("quote_5xx", count=9)
    await vendor.control("DELETE", "faults")
    assert (await vendor.quote()).status == 200


async def test_bending_faults_add_up_and_deciding_ones_wait_their_turn(
    vendor: VendorClient,
) -> None:
    await vendor.arm("quote_429")
    await vendor.arm("quote_5xx")
    await vendor.arm("price_off_by", bps=100, count=3)
    assert [(await vendor.quote()).status for _ in range(2)] == [429, 503]
    assert (await vendor.quote()).json["ratio"] == "64627.072"
    assert (await vendor.control("GET", "faults")).data == []


async def test_request_that_is_not_genuine_uses_no_fault_up(vendor: VendorClient) -> None:
    await vendor.arm("quote_5xx")
    await vendor.raw("POST", "/sapi/v1/convert/getQuote", query="timestamp=1&signature=00")
    assert (await vendor.quote()).status == 503


@pytest.mark.parametrize(
    "body",
    [
        {"instrument": "BTC-XYZ", "price": "1"},
        {"instrument": "BTC-USDT"},
        {"instrument": "BTC-USDT", "price": "0"},
        {"instrument": "BTC-USDT", "price": "0.001"},
        {"instrument": "BTC-USDT", "price": 64000},
        {"instrument": "BTC-USDT", "bid": "2", "ask": "1"},
        {"instrument": "BTC-USDT", "bid": "2"},
        {"instrument": "BTC-USDT", "price": "1", "bid": "1", "ask": "1"},
    ],
    ids=str,
)
async def test_price_that_makes_no_sense_is_refused(vendor: VendorClient, body: object) -> None:
    assert (await vendor.control("POST", "prices", body)).status == 400
    assert (await vendor.quote()).json["ratio"] == "63987.2"


async def test_price_is_set_with_a_spread_and_released(vendor: VendorClient) -> None:
    body = {"instrument": "BTC-USDT", "price": "50000"}
    reply = await vendor.control("POST", "prices", body)
    assert reply.json == {
        "instrument": "BTC-USDT",
        "bid": "49990",
        "mid": "50000",
        "ask": "50010",
    }
    assert (await vendor.quote()).json["ratio"] == "49990"
    await vendor.control("DELETE", "prices")
    assert (await vendor.quote()).json["ratio"] != "49990"


async def test_balance_is_a_plain_decimal(vendor: VendorClient) -> None:
    for amount in ("-1", "1e3", "many"):
        body = {"asset": "BTC", "amount": amount}
        assert (await vendor.control("POST", "balances", body)).status == 400
    assert (await vendor.balance("BTC")) == 5_000


async def test_execution_tells_who_got_what_and_when(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    order_id = (await vendor.accept(quote_id)).text("orderId")
    (execution,) = await vendor.executions()
    assert execution == {
        "id": order_id,
        "quote_id": quote_id,
        "client_ref": None,
        "legs": [{"asset": "BTC", "amount": "-0.1"}, {"asset": "USDT", "amount": "6398.72"}],
        "executed_at": "2025-10-09T08:53:20.000Z",
    }
    assert (await vendor.control("GET", "executions?quote_id=other")).data == []


async def test_health_names_the_dialect_and_the_seed(vendor: VendorClient) -> None:
    reply = await vendor.control("GET", "health")
    assert (reply.json["dialect"], reply.json["seed"]) == ("binance_convert", 7)


def test_unknown_dialect_is_refused_by_name() -> None:
    with pytest.raises(UnknownDialect, match="binance_convert"):
        create_simulator("no_such_vendor")
