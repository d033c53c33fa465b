"""Luno's wire as the vendor has it: keys, forms, limits, codes, deadlines, and a memory."""

import base64
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import create_simulator, serve
from tests.simulation.harness import CREDENTIALS, START_MS, Reply, VendorClient

KEY = f"{CREDENTIALS.api_key}:{CREDENTIALS.api_secret}".encode()
SIGNED = {"Authorization": "Basic " + base64.b64encode(KEY).decode()}
ORDER = {
    "pair": "XBTZAR",
    "type": "BID",
    "price": "1200960",
    "volume": "0.25",
    "time_in_force": "FOK",
    "client_order_id": "ord_1",
    "timestamp": str(START_MS),
    "ttl": "3000",
}


class Luno(VendorClient):
    async def get(self, path: str, query: str = "") -> Reply:
        return await self.raw("GET", path, query=query, headers=SIGNED)

    async def order(self, scenario: str = "", **changes: str) -> Reply:
        form = urlencode({name: value for name, value in (ORDER | changes).items() if value})
        named = {"X-Aksum-Scenario": scenario} if scenario else {}
        return await self.raw("POST", "/api/1/postorder", body=form, headers=SIGNED | named)

    async def record(self, ref: str = "ord_1") -> dict[str, object]:
        return (await self.get("/api/exchange/3/order", f"client_order_id={ref}")).json


@pytest.fixture
async def luno() -> AsyncIterator[Luno]:
    """BTC-ZAR stands at 1,200,000: bid 1,199,040, ask 1,200,960."""
    clock = ManualClock(START_MS)
    running = await serve(create_simulator("luno", seed=7, credentials=CREDENTIALS, clock=clock))
    try:
        async with Luno(running, clock) as client:
            await client.control("POST", "prices", {"instrument": "BTC-ZAR", "price": "1200000"})
            yield client
    finally:
        await running.close()


def shown(record: Mapping[str, object], *names: str) -> tuple[object, ...]:
    return tuple(record[name] for name in names)


async def test_bought_order_pays_the_asks_and_its_fee_in_base(luno: Luno) -> None:
    before = await luno.balance("BTC"), await luno.balance("ZAR")
    assert (await luno.order()).status == 200
    record = await luno.record()
    assert shown(record, "status", "side", "base", "counter", "fee_base", "fee_counter") == (
        "COMPLETE",
        "BUY",
        "0.25",
        "300240",
        "0.00025",
        "0",
    )
    after = await luno.balance("BTC"), await luno.balance("ZAR")
    assert (after[0] - before[0], after[1] - before[1]) == (Decimal("0.24975"), Decimal(-300_240))


async def test_order_deeper_than_the_first_level_pays_each_level_its_price(luno: Luno) -> None:
    await luno.order(volume="3", price="1300000")
    record = await luno.record()
    assert record["counter"] == str(2 * 1_200_960 + 1_201_561)


@pytest.mark.parametrize(
    "changes", [{"price": "1200959"}, {"volume": "90"}, {"type": "ASK", "price": "1199041"}]
)
async def test_order_the_book_cannot_fill_whole_is_killed(
    luno: Luno, changes: dict[str, str]
) -> None:
    assert (await luno.order(**changes)).status == 200
    assert shown(await luno.record(), "status", "base", "counter") == ("COMPLETE", "0", "0")
    assert await luno.executions() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pair": "DOGEZAR"}, "ErrMarketUnavailable"),
        ({"type": "BUY"}, "ErrInvalidArguments"),
        ({"time_in_force": "GTC"}, "ErrInvalidArguments"),
        ({"price": "1200960.5"}, "ErrInvalidArguments"),
        ({"price": "1e6"}, "ErrInvalidArguments"),
        ({"volume": "0.2500001"}, "ErrInvalidArguments"),
        ({"volume": "0.0004"}, "ErrVolumeTooLow"),
        ({"volume": "101"}, "ErrVolumeTooHigh"),
        ({"client_order_id": "ord 1"}, "ErrInvalidArguments"),
        ({"client_order_id": "a" * 256}, "ErrInvalidArguments"),
        ({"ttl": "soon"}, "ErrInvalidArguments"),
        ({"timestamp": str(START_MS - 3_001)}, "ErrDeadlineExceeded"),
    ],
)
async def test_order_that_cannot_be_is_refused_and_changes_nothing(
    luno: Luno, changes: dict[str, str], code: str
) -> None:
    assert (await luno.order(**changes)).json["error_code"] == code
    assert await luno.executions() == []


async def test_deadline_is_kept_to_the_millisecond(luno: Luno) -> None:
    luno.clock.advance(3_000)
    assert (await luno.order()).status == 200
    luno.clock.advance(1)
    assert (await luno.order(client_order_id="ord_2")).json["error_code"] == "ErrDeadlineExceeded"


async def test_time_without_ttl_is_no_deadline(luno: Luno) -> None:
    luno.clock.advance(60_000)
    assert (await luno.order(ttl="")).status == 200


async def test_second_order_under_one_reference_is_refused(luno: Luno) -> None:
    await luno.order()
    assert (await luno.order()).json["error_code"] == "ErrDuplicateClientOrderID"
    assert len(await luno.executions()) == 1


async def test_execution_is_told_with_our_reference(luno: Luno) -> None:
    await luno.order()
    (execution,) = await luno.executions()
    assert execution["client_ref"] == "ord_1"
    assert execution["id"] == (await luno.record())["order_id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Basic " + base64.b64encode(b"key:wrong").decode()},
        {"Authorization": "Bearer " + CREDENTIALS.api_secret},
    ],
)
async def test_wrong_key_opens_nothing_but_the_public_pages(
    luno: Luno, headers: dict[str, str]
) -> None:
    refused = await luno.raw("GET", "/api/1/balance", headers=headers)
    assert (refused.status, refused.json["error_code"]) == (401, "ErrUnauthorised")
    public = await luno.raw("GET", "/api/1/orderbook_top", query="pair=XBTZAR", headers=headers)
    assert public.status == 200


async def test_body_that_is_no_form_is_refused(luno: Luno) -> None:
    sent = {**SIGNED, "Content-Type": "application/json"}
    body = msgspec.json.encode(ORDER).decode()
    refused = await luno.raw("POST", "/api/1/postorder", body=body, headers=sent)
    assert refused.json["error_code"] == "ErrInvalidArguments"


async def test_call_beyond_the_allowance_is_told_when_to_come_back(luno: Luno) -> None:
    for _ in range(300):
        assert (await luno.get("/api/1/balance")).status == 200
    refused = await luno.get("/api/1/balance")
    assert (refused.status, refused.json["error_code"]) == (429, "ErrTooManyRequests")
    luno.clock.advance(1_000 * int(refused.headers["Retry-After"]))
    assert (await luno.get("/api/1/balance")).status == 200


@pytest.mark.parametrize("query", ["", "id=BX1&client_order_id=ord_1"])
async def test_lookup_takes_exactly_one_handle(luno: Luno, query: str) -> None:
    refused = await luno.get("/api/exchange/3/order", query)
    assert refused.json["error_code"] == "ErrInvalidArguments"


async def test_list_is_newest_first_and_cut_by_time_and_limit(luno: Luno) -> None:
    for number in range(3):
        await luno.order(client_order_id=f"ord_{number}", timestamp=str(luno.clock.now_ms()))
        luno.clock.advance(1_000)
    query = f"closed=true&created_before={START_MS + 2_000}&limit=1"
    listed = await luno.get("/api/exchange/2/listorders", query)
    rows = msgspec.convert(listed.json["orders"], type=list[dict[str, object]])
    assert [row["client_order_id"] for row in rows] == ["ord_1"]
    assert (await luno.get("/api/exchange/2/listorders")).json["orders"] == []


async def test_misspelt_scenario_is_refused_before_anything_happens(luno: Luno) -> None:
    refused = await luno.order("execute_timeout_after_comit")
    assert refused.json["error_code"] == "ErrInvalidArguments"
    assert await luno.executions() == []


async def test_killed_simulator_remembers_its_orders(tmp_path: Path) -> None:
    journal = tmp_path / "luno.jsonl"
    clock = ManualClock(START_MS)
    records = []
    for life in range(2):
        running = await serve(
            create_simulator("luno", credentials=CREDENTIALS, clock=clock, journal=journal)
        )
        async with Luno(running, clock) as client:
            if life == 0:
                await client.order(price="2000000")
            records.append((await client.record(), await client.balance("ZAR")))
            assert len(await client.executions()) == 1
        await running.close()
    assert records[0] == records[1]
