"""Every named fault of this dialect: what the client sees, and what really happened behind it."""

from decimal import Decimal
from pathlib import Path

import aiohttp
import msgspec
import pytest

from entrypoints.simulator.binance_convert.app import FAULTS
from tests.simulation.harness import Reply, VendorClient

SHORT_MS = 150
GONE = (TimeoutError, aiohttp.ClientError)


def decimal(reply: Reply, field: str) -> Decimal:
    return Decimal(reply.text(field))


# --- at the quote -----------------------------------------------------------------------------


async def test_quote_slow_comes_late_but_comes(vendor: VendorClient) -> None:
    await vendor.arm("quote_slow", ms=2_000)
    sell = {"fromAsset": "BTC", "toAsset": "USDT", "fromAmount": "0.1"}
    with pytest.raises(TimeoutError):
        await vendor.call("POST", "getQuote", sell, patience_ms=SHORT_MS)
    assert (await vendor.quote("quote_slow:ms=20")).status == 200


async def test_quote_5xx_has_no_quote(vendor: VendorClient) -> None:
    reply = await vendor.quote("quote_5xx:status=500")
    assert (reply.status, reply.code) == (500, -1000)


async def test_quote_429_says_when_to_come_back(vendor: VendorClient) -> None:
    reply = await vendor.quote("quote_429:retry_after=7")
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (429, -1003, "7")


async def test_quote_insufficient_funds_has_a_price_and_no_id(vendor: VendorClient) -> None:
    reply = await vendor.quote("quote_insufficient_funds_no_id")
    assert reply.status == 200
    assert "quoteId" not in reply.json
    assert reply.json["toAmount"] == "6398.72"


async def test_stale_price_is_the_one_of_a_minute_ago(vendor: VendorClient) -> None:
    await vendor.control("DELETE", "prices")
    then = (await vendor.quote()).json["ratio"]
    vendor.clock.advance(60_000)
    assert (await vendor.quote()).json["ratio"] != then
    assert (await vendor.quote("stale_price")).json["ratio"] == then


async def test_price_off_by_moves_the_price_and_the_amount(vendor: VendorClient) -> None:
    high = await vendor.quote("price_off_by:bps=100")
    low = await vendor.quote("price_off_by:bps=-100")
    assert decimal(high, "ratio") == Decimal("63987.2") * Decimal("1.01")
    assert decimal(low, "toAmount") == Decimal("6398.72") * Decimal("0.99")


async def test_limits_changed_refuses_what_the_published_limits_allow(
    vendor: VendorClient,
) -> None:
    above = await vendor.quote("limits_changed")
    below = await vendor.quote("limits_changed:below=1")
    assert (above.code, below.code) == (345239, 345238)
    assert "0.05" in above.text("msg")


# --- at the execution -------------------------------------------------------------------------


async def filled_silently(vendor: VendorClient, quote_id: str) -> None:
    """One execution, the balance moved once, and the lookup knows."""
    assert [row["quote_id"] for row in await vendor.executions()] == [quote_id]
    assert await vendor.balance("BTC") == Decimal("4999.9")
    assert (await vendor.status(quote_id)).json["orderStatus"] == "SUCCESS"


async def nothing_happened(vendor: VendorClient, quote_id: str) -> None:
    assert await vendor.executions() == []
    assert await vendor.balance("BTC") == Decimal(5_000)
    assert (await vendor.status(quote_id)).code == -2013


async def test_timeout_after_commit_is_silent_and_filled(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    with pytest.raises(GONE):
        await vendor.accept(quote_id, "execute_timeout_after_commit", SHORT_MS)
    await filled_silently(vendor, quote_id)


async def test_timeout_before_commit_is_silent_and_open(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    with pytest.raises(GONE):
        await vendor.accept(quote_id, "execute_timeout_before_commit", SHORT_MS)
    await nothing_happened(vendor, quote_id)
    assert (await vendor.accept(quote_id)).status == 200


async def test_bounded_silence_ends_with_a_cut_connection(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    with pytest.raises(aiohttp.ClientError):
        await vendor.accept(quote_id, "execute_timeout_after_commit:ms=50")
    await filled_silently(vendor, quote_id)


async def test_502_after_commit_is_a_page_and_filled(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "execute_502_after_commit")
    assert reply.status == 502
    assert reply.body.startswith(b"<html>")
    await filled_silently(vendor, quote_id)


async def test_truncated_json_is_200_unreadable_and_filled(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "execute_200_truncated_json")
    assert reply.status == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(reply.body)
    await filled_silently(vendor, quote_id)


async def statuses(vendor: VendorClient, quote_id: str, times: int) -> list[object]:
    return [(await vendor.status(quote_id)).json.get("orderStatus") for _ in range(times)]


async def test_async_pending_finishes_after_so_many_lookups(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "execute_async_pending:lookups=3")
    assert reply.json["orderStatus"] == "PROCESS"
    seen = await statuses(vendor, quote_id, 5)
    assert seen == ["PROCESS", "PROCESS", "ACCEPT_SUCCESS", "SUCCESS", "SUCCESS"]
    assert len(await vendor.executions()) == 1


async def test_async_pending_may_fail_and_then_nothing_was_executed(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    await vendor.accept(quote_id, "execute_async_pending:lookups=1;fails=1")
    assert await statuses(vendor, quote_id, 2) == ["ACCEPT_SUCCESS", "FAIL"]
    assert await vendor.executions() == []


async def test_last_look_reject_fails_and_moves_nothing(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "last_look_reject")
    assert reply.json["orderStatus"] == "FAIL"
    assert await statuses(vendor, quote_id, 1) == ["FAIL"]
    assert await vendor.balance("BTC") == Decimal(5_000)
    assert await vendor.executions() == []


async def test_expired_is_refused_for_good(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    assert (await vendor.accept(quote_id, "expired")).code == 345231
    assert (await vendor.accept(quote_id)).code == 345231
    await nothing_happened(vendor, quote_id)


async def test_already_used_is_refused_and_was_never_executed(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    assert (await vendor.accept(quote_id, "already_used")).code == 345232
    assert (await vendor.accept(quote_id)).code == 345232
    await nothing_happened(vendor, quote_id)


async def test_duplicate_execute_is_refused_but_was_executed_once(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    assert (await vendor.accept(quote_id, "duplicate_execute")).code == 345232
    await filled_silently(vendor, quote_id)


async def test_amounts_differ_in_every_later_answer_and_in_the_balance(
    vendor: VendorClient,
) -> None:
    quote_id = await vendor.quote_id()
    before = await vendor.balance("USDT")
    await vendor.accept(quote_id, "amounts_differ_from_quote:bps=100")
    received = Decimal("6398.72") * Decimal("0.99")
    assert decimal(await vendor.status(quote_id), "toAmount") == received
    assert await vendor.balance("USDT") - before == received
    (execution,) = await vendor.executions()
    assert execution["legs"] == [
        {"asset": "BTC", "amount": "-0.1"},
        {"asset": "USDT", "amount": "6334.7328"},
    ]


async def test_unknown_enum_hides_a_fill_behind_a_new_word(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "unknown_enum:lookups=1")
    assert reply.json["orderStatus"] == "SETTLING"
    assert await statuses(vendor, quote_id, 2) == ["SETTLING", "SUCCESS"]


async def test_balance_drop_refuses_and_leaves_the_account_empty(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    assert (await vendor.accept(quote_id, "balance_drop")).code == 345233
    assert await vendor.balance("BTC") == 0
    assert "quoteId" not in (await vendor.quote()).json


# --- at the lookup ----------------------------------------------------------------------------


async def test_lookup_404_then_found_sticks_to_the_quote_of_the_accept(
    vendor: VendorClient,
) -> None:
    """The acceptance pair: silence after the commit, and a vendor that forgets for two lookups."""
    quote_id, other = await vendor.quote_id(), await vendor.quote_id()
    scenario = "execute_timeout_after_commit, lookup_404_then_found"
    with pytest.raises(GONE):
        await vendor.accept(quote_id, scenario, SHORT_MS)
    await vendor.accept(other)
    assert await statuses(vendor, other, 1) == ["SUCCESS"]
    assert await statuses(vendor, quote_id, 3) == [None, None, "SUCCESS"]
    assert len(await vendor.executions()) == 2


async def test_lookup_404_by_time_ends_with_time(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    await vendor.accept(quote_id, "lookup_404_then_found:delay_ms=5000")
    assert await statuses(vendor, quote_id, 3) == [None, None, None]
    vendor.clock.advance(5_000)
    assert await statuses(vendor, quote_id, 1) == ["SUCCESS"]


async def test_lookup_404_forever_is_contradicted_by_the_history(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    await vendor.accept(quote_id, "lookup_404_forever")
    assert await statuses(vendor, quote_id, 4) == [None] * 4
    rows = msgspec.convert((await vendor.flow()).json["list"], type=list[dict[str, object]])
    assert [(row["quoteId"], row["orderStatus"]) for row in rows] == [(quote_id, "SUCCESS")]


async def test_lookup_5xx_takes_both_witnesses_away(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    await vendor.accept(quote_id)
    await vendor.arm("lookup_5xx", count=2)
    assert (await vendor.status(quote_id)).status == 503
    assert (await vendor.flow()).status == 503
    assert (await vendor.status(quote_id)).status == 200


async def test_armed_lookup_faults_count_lookups(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    await vendor.accept(quote_id)
    await vendor.arm("lookup_404_then_found", count=1)
    assert await statuses(vendor, quote_id, 2) == [None, "SUCCESS"]
    await vendor.arm("lookup_404_then_found")
    assert await statuses(vendor, quote_id, 3) == [None, None, "SUCCESS"]


# --- everywhere -------------------------------------------------------------------------------


async def test_clock_skew_refuses_or_shifts_the_validity(vendor: VendorClient) -> None:
    assert (await vendor.quote("clock_skew")).code == -1021
    assert (await vendor.quote("clock_skew:ms=-2000")).code == -1021
    ahead = await vendor.quote("clock_skew:ms=4000")
    assert ahead.json["validTimestamp"] == vendor.clock.now_ms() + 14_000


async def test_ip_ban_answers_418_before_anything_is_executed(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "ip_ban_418:retry_after=300")
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (418, -1003, "300")
    await nothing_happened(vendor, quote_id)


async def test_fault_named_at_the_quote_waits_for_the_accept(vendor: VendorClient) -> None:
    quote_id = await vendor.quote_id("execute_502_after_commit")
    other = await vendor.quote_id()
    assert (await vendor.accept(other)).status == 200
    assert (await vendor.accept(quote_id)).status == 502


async def test_misspelt_fault_is_refused_before_anything_is_executed(
    vendor: VendorClient,
) -> None:
    quote_id = await vendor.quote_id()
    reply = await vendor.accept(quote_id, "execute_timeout")
    assert (reply.status, reply.code) == (400, -1130)
    assert "execute_timeout_after_commit" in reply.text("msg")
    await nothing_happened(vendor, quote_id)


@pytest.mark.parametrize(
    ("fault", "params", "told"),
    [
        ("ticker_off_by", {"bps": 100}, ("64627.072", "64652.928")),
        ("ticker_off_by", {"bps": -100}, ("63347.328", "63372.672")),
        ("ticker_crossed", {}, ("64012.8", "63987.2")),
        ("ticker_stale", {}, ("63987.2", "64012.8")),
    ],
)
async def test_ticker_is_bent_until_cleared_and_quotes_are_not(
    vendor: VendorClient, fault: str, params: dict[str, int], told: tuple[str, str]
) -> None:
    honest = (await vendor.quote()).text("toAmount")
    await vendor.arm(fault, **params)
    for _ in range(2):
        ticker = await book_ticker(vendor)
        assert (ticker.text("bidPrice"), ticker.text("askPrice")) == told
    assert (await vendor.quote()).text("toAmount") == honest
    await vendor.control("DELETE", "faults")
    assert (await book_ticker(vendor)).text("bidPrice") == "63987.2"


async def test_broken_ticker_shows_no_price(vendor: VendorClient) -> None:
    await vendor.arm("ticker_5xx", status=502)
    assert (await book_ticker(vendor)).status == 502


async def test_ticker_stands_still_at_an_earlier_price(vendor: VendorClient) -> None:
    await vendor.control("DELETE", "prices")
    earlier = (await book_ticker(vendor)).text("bidPrice")
    vendor.clock.advance(3_600_000)
    assert (await book_ticker(vendor)).text("bidPrice") != earlier
    await vendor.arm("ticker_stale", age_ms=3_600_000)
    assert (await book_ticker(vendor)).text("bidPrice") == earlier


async def book_ticker(vendor: VendorClient) -> Reply:
    query = "symbol=BTCUSDT"
    return await vendor.raw("GET", "/api/v3/ticker/bookTicker", query=query)


async def test_fault_of_another_dialect_is_passed_over(vendor: VendorClient) -> None:
    assert (await vendor.quote("partial_take")).status == 200


def test_every_fault_of_the_dialect_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}' not in text] == []
