"""Bybit Convert's wire by a client of its own: signature, clock, codes, pages, restarts."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from tests.simulation.harness import CREDENTIALS, START_MS, Reply, VendorClient

EXCHANGE: Final = "/v5/asset/exchange"
ACCOUNT: Final = "accountType=eb_convert_funding"
ASK: Final = {
    "fromCoin": "BTC",
    "toCoin": "USDT",
    "accountType": "eb_convert_funding",
    "requestCoin": "BTC",
    "requestAmount": "0.1",
}


class BybitClient(VendorClient):
    async def send(
        self,
        method: str,
        name: str,
        payload: str,
        *,
        signed: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`signed` is what the signature is made over, if it is not what is sent."""
        at = str(self.clock.now_ms())
        covered = f"{at}{CREDENTIALS.api_key}5000{payload if signed is None else signed}"
        secret = CREDENTIALS.api_secret.encode()
        sent = {
            "X-BAPI-API-KEY": CREDENTIALS.api_key,
            "X-BAPI-TIMESTAMP": at,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": hmac.new(secret, covered.encode(), hashlib.sha256).hexdigest(),
            "Content-Type": "application/json",
        } | dict(headers or {})
        is_get = method == "GET"
        return await self.raw(
            method,
            f"{EXCHANGE}/{name}",
            query=payload if is_get else "",
            body=None if is_get else payload,
            headers=sent,
        )

    async def ask(self, scenario: str = "", **changes: object) -> Reply:
        body = msgspec.json.encode(ASK | changes).decode()
        headers = {"X-Aksum-Scenario": scenario} if scenario else {}
        return await self.send("POST", "quote-apply", body, headers=headers)

    async def asked_id(self) -> str:
        return str(inside(await self.ask())["quoteTxId"])

    async def execute(self, quote_id: str) -> Reply:
        body = msgspec.json.encode({"quoteTxId": quote_id}).decode()
        return await self.send("POST", "convert-execute", body)

    async def result(self, quote_id: str) -> Reply:
        return await self.send("GET", "convert-result-query", f"quoteTxId={quote_id}&{ACCOUNT}")


def code(reply: Reply) -> object:
    return reply.json["retCode"]


def inside(reply: Reply) -> dict[str, object]:
    assert code(reply) == 0, reply.body
    return msgspec.convert(reply.json["result"], type=dict[str, object])


async def start(clock: ManualClock, journal: Path | None = None) -> RunningSimulator:
    app = create_simulator(
        "bybit_convert", seed=7, credentials=CREDENTIALS, clock=clock, journal=journal
    )
    return await serve(app)


@pytest.fixture
async def bybit() -> AsyncIterator[BybitClient]:
    clock = ManualClock(START_MS)
    running = await start(clock)
    try:
        async with BybitClient(running, clock) as client:
            await client.control("POST", "prices", {"instrument": "BTC-USDT", "price": "64000"})
            yield client
    finally:
        await running.close()


async def test_quote_tells_what_the_documents_show(bybit: BybitClient) -> None:
    told = inside(await bybit.ask(requestId="test-00002"))
    assert told["exchangeRate"] == "63987.200000000000000000"
    assert (told["fromAmount"], told["toAmount"]) == ("0.1", "6398.720000000000")
    assert told["expiredTime"] == str(START_MS + 15_000)
    assert told["requestId"] == "test-00002"


async def test_execution_is_acknowledged_and_found_nested(bybit: BybitClient) -> None:
    quote_id = await bybit.asked_id()
    told = inside(await bybit.execute(quote_id))
    assert told == {"exchangeStatus": "processing", "quoteTxId": quote_id}
    nested = msgspec.convert(inside(await bybit.result(quote_id))["result"], type=dict[str, object])
    assert (nested["exchangeTxId"], nested["exchangeStatus"]) == (quote_id, "success")
    assert nested["createdAt"] == str(START_MS)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-BAPI-API-KEY": "another"}, 10003),
        ({"X-BAPI-SIGN": "0" * 64}, 10004),
        ({"X-BAPI-SIGN": ""}, 10004),
        ({"X-BAPI-RECV-WINDOW": "6000"}, 10004),
        ({"X-BAPI-TIMESTAMP": str(START_MS + 1)}, 10004),
    ],
)
async def test_request_that_is_not_genuine_is_refused(
    bybit: BybitClient, headers: dict[str, str], expected: int
) -> None:
    body = msgspec.json.encode(ASK).decode()
    assert code(await bybit.send("POST", "quote-apply", body, headers=headers)) == expected


async def test_signature_covers_the_exact_bytes(bybit: BybitClient) -> None:
    body = msgspec.json.encode(ASK).decode()
    spaced = body.replace(":", ": ")
    assert code(await bybit.send("POST", "quote-apply", spaced, signed=body)) == 10004
    assert code(await bybit.send("POST", "quote-apply", spaced)) == 0
    query, sorted_query = f"side=0&{ACCOUNT}", f"{ACCOUNT}&side=0"
    assert code(await bybit.send("GET", "query-coin-list", query, signed=sorted_query)) == 10004
    assert code(await bybit.send("GET", "query-coin-list", query)) == 0


@pytest.mark.parametrize(("ms", "expected"), [(5_001, 10002), (-1_000, 10002), (5_000, 0)])
async def test_clock_is_checked_against_the_window(
    bybit: BybitClient, ms: int, expected: int
) -> None:
    assert code(await bybit.ask(f"clock_skew:ms={ms}")) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"requestCoin": "USDT"}, 700000),
        ({"requestAmount": 0.1}, 700000),
        ({"requestAmount": "1e-1"}, 700000),
        ({"requestAmount": "0.000000001"}, 700000),
        ({"accountType": "pocket"}, 700000),
        ({"requestId": "x" * 37}, 700000),
        ({"toCoin": "DOGE"}, 700001),
        ({"requestAmount": "6000"}, 700007),
        ({"requestAmount": "0.00000001"}, 700006),
    ],
)
async def test_request_that_makes_no_sense_is_refused_by_code(
    bybit: BybitClient, changes: dict[str, object], expected: int
) -> None:
    body = msgspec.json.encode(ASK | changes).decode()
    reply = await bybit.send("POST", "quote-apply", body)
    assert (reply.status, code(reply)) == (200, expected)


async def test_expired_and_unknown_quotes_are_refused_in_the_same_words(
    bybit: BybitClient,
) -> None:
    quote_id = await bybit.asked_id()
    bybit.clock.advance(15_001)
    expired, unknown = await bybit.execute(quote_id), await bybit.execute("never-given-out")
    assert code(expired) == code(unknown) == 700008
    assert code(await bybit.result(quote_id)) == 700004


async def test_used_quote_is_refused_and_executed_once(bybit: BybitClient) -> None:
    quote_id = await bybit.asked_id()
    await bybit.execute(quote_id)
    assert code(await bybit.execute(quote_id)) == 700009
    assert len(await bybit.executions()) == 1


async def test_too_many_visits_name_the_moment_to_come_back(bybit: BybitClient) -> None:
    for _ in range(50):
        assert code(await bybit.ask()) == 0
    reply = await bybit.ask()
    assert (reply.status, code(reply)) == (200, 10006)
    assert reply.headers["X-Bapi-Limit-Reset-Timestamp"] == str(START_MS + 1_000)
    bybit.clock.advance(1_000)
    assert code(await bybit.ask()) == 0


async def test_history_has_pages_and_comes_newest_first(bybit: BybitClient) -> None:
    made = []
    for _ in range(3):
        made.append(await bybit.asked_id())
        await bybit.execute(made[-1])
        bybit.clock.advance(1)
    seen = []
    for index in (1, 2, 3):
        query = f"{ACCOUNT}&index={index}&limit=2"
        page = inside(await bybit.send("GET", "query-convert-history", query))["list"]
        rows = msgspec.convert(page, type=list[dict[str, object]])
        seen.append([row["exchangeTxId"] for row in rows])
    assert seen == [[made[2], made[1]], [made[0]], []]


async def test_restart_remembers_what_was_executed(tmp_path: Path) -> None:
    clock, journal = ManualClock(START_MS), tmp_path / "bybit.journal"
    running = await start(clock, journal)
    async with BybitClient(running, clock) as client:
        done, open_still = await client.asked_id(), await client.asked_id()
        await client.execute(done)
    await running.close()
    running = await start(clock, journal)
    async with BybitClient(running, clock) as client:
        assert code(await client.execute(done)) == 700009
        assert code(await client.result(done)) == 0
        assert code(await client.execute(open_still)) == 0
        assert len(await client.executions()) == 2
    await running.close()
