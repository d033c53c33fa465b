"""Busha's wire: secret and profile, quotes, one transfer each, and what expiry does not do."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import create_simulator, serve
from tests.simulation.harness import CREDENTIALS, START_MS, Reply, VendorClient

SIGNED = {
    "Authorization": f"Bearer {CREDENTIALS.api_secret}",
    "X-BU-PROFILE-ID": CREDENTIALS.api_key,
    "Content-Type": "application/json",
}


class Busha(VendorClient):
    async def get(self, path: str, query: str = "") -> Reply:
        return await self.raw("GET", path, query=query, headers=SIGNED)

    async def post(self, path: str, body: object) -> Reply:
        text = msgspec.json.encode(body).decode()
        return await self.raw("POST", path, body=text, headers=SIGNED)

    async def ask(self, **changes: str) -> Reply:
        """Sells 100 USDT for naira unless told otherwise; an empty value leaves a field out."""
        body = {"source_currency": "USDT", "target_currency": "NGN", "source_amount": "100"}
        return await self.post(
            "/v1/quotes", {name: value for name, value in (body | changes).items() if value}
        )

    async def transfer(self, quote_id: str) -> Reply:
        return await self.post("/v1/transfers", {"quote_id": quote_id})


def data_of(reply: Reply) -> dict[str, object]:
    return msgspec.convert(reply.json["data"], type=dict[str, object])


def name_of(reply: Reply) -> object:
    return msgspec.convert(reply.json["error"], type=dict[str, object])["name"]


@pytest.fixture
async def busha() -> AsyncIterator[Busha]:
    """USDT-NGN stands at 1,500: bid 1,497, ask 1,503."""
    clock = ManualClock(START_MS)
    running = await serve(create_simulator("busha", seed=7, credentials=CREDENTIALS, clock=clock))
    try:
        async with Busha(running, clock) as client:
            await client.control("POST", "prices", {"instrument": "USDT-NGN", "price": "1500"})
            yield client
    finally:
        await running.close()


@pytest.mark.parametrize(
    ("changes", "amounts", "rate"),
    [
        ({}, ("100", "149700"), ("USDTNGN", "1497", "sell")),
        (
            {"source_amount": "", "target_amount": "149700"},
            ("100", "149700"),
            ("USDTNGN", "1497", "sell"),
        ),
        (
            {"source_currency": "NGN", "target_currency": "USDT", "source_amount": "150300"},
            ("150300", "100"),
            ("USDTNGN", "1503", "buy"),
        ),
    ],
)
async def test_quote_fixes_the_side_that_was_asked(
    busha: Busha, changes: dict[str, str], amounts: tuple[str, str], rate: tuple[str, str, str]
) -> None:
    quote = data_of(await busha.ask(**changes))
    assert (quote["source_amount"], quote["target_amount"]) == amounts
    told = msgspec.convert(quote["rate"], type=dict[str, str])
    assert (told["product"], told["rate"], told["side"]) == rate
    assert quote["expires_at"] == "2025-10-09T09:53:50.000000+01:00"


async def test_transfer_moves_the_balances_once(busha: Busha) -> None:
    before = await busha.balance("USDT"), await busha.balance("NGN")
    quote_id = str(data_of(await busha.ask())["id"])
    transfer = data_of(await busha.transfer(quote_id))
    assert transfer["status"] == "completed"
    assert name_of(await busha.transfer(quote_id)) == "quote_already_used"
    after = await busha.balance("USDT"), await busha.balance("NGN")
    assert (after[0] - before[0], after[1] - before[1]) == (Decimal(-100), Decimal(149_700))
    assert data_of(await busha.get(f"/v1/transfers/{transfer['id']}")) == transfer


async def test_expired_quote_is_executed_at_the_market(busha: Busha) -> None:
    quote_id = str(data_of(await busha.ask())["id"])
    await busha.control("POST", "prices", {"instrument": "USDT-NGN", "price": "1000"})
    busha.clock.advance(30_000)
    last = str(data_of(await busha.ask())["id"])
    busha.clock.advance(1)
    transfer = data_of(await busha.transfer(quote_id))
    assert (transfer["source_amount"], transfer["target_amount"]) == ("100", "99800.00")
    assert data_of(await busha.transfer(last))["target_amount"] == "99800.00"


async def test_transfer_of_a_quote_is_found_by_it_and_all_are_listed(busha: Busha) -> None:
    ids = [str(data_of(await busha.ask())["id"]) for _ in range(3)]
    for each in ids:
        await busha.transfer(each)
    one = (await busha.get("/v1/transfers", f"quote_id={ids[1]}")).data
    assert [row["quote_id"] for row in one] == [ids[1]]
    first = await busha.get("/v1/transfers", "limit=2")
    assert [row["quote_id"] for row in first.data] == [ids[2], ids[1]]
    rest = await busha.get("/v1/transfers", f"limit=2&cursor={first.text('next_cursor')}")
    assert ([row["quote_id"] for row in rest.data], rest.text("next_cursor")) == ([ids[0]], "")
    assert (await busha.get("/v1/transfers", "quote_id=nobody")).data == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"target_currency": "BTC"}, "unsupported_pair"),
        ({"target_currency": "USDT"}, "unsupported_pair"),
        ({"source_amount": ""}, "invalid_request"),
        ({"target_amount": "1"}, "invalid_request"),
        ({"source_amount": "1.0000001"}, "invalid_request"),
        ({"source_amount": "-1"}, "invalid_request"),
        ({"source_amount": "0.09"}, "amount_below_minimum"),
        ({"source_amount": "1000001"}, "amount_above_maximum"),
    ],
)
async def test_quote_that_cannot_be_is_refused(
    busha: Busha, changes: dict[str, str], name: str
) -> None:
    assert name_of(await busha.ask(**changes)) == name


async def test_what_nobody_gave_out_is_not_found(busha: Busha) -> None:
    assert name_of(await busha.transfer("QUO_1")) == "quote_not_found"
    assert name_of(await busha.get("/v1/transfers/TRF_1")) == "transfer_not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Authorization": "Bearer another"},
        {"Authorization": ""},
        {"X-BU-PROFILE-ID": "BUS_2"},
        {"X-BU-PROFILE-ID": ""},
    ],
)
async def test_wrong_secret_or_profile_opens_nothing(busha: Busha, wrong: dict[str, str]) -> None:
    refused = await busha.raw("GET", "/v1/pairs", headers=SIGNED | wrong)
    assert (refused.status, name_of(refused)) == (401, "unauthorized")


async def test_call_beyond_the_allowance_is_told_when_to_come_back(busha: Busha) -> None:
    for _ in range(100):
        assert (await busha.get("/v1/pairs")).status == 200
    refused = await busha.get("/v1/pairs")
    assert (refused.status, name_of(refused)) == (429, "rate_limited")
    busha.clock.advance(1_000 * int(refused.headers["Retry-After"]))
    assert (await busha.get("/v1/pairs")).status == 200


async def test_balance_that_does_not_suffice_refuses_the_transfer(busha: Busha) -> None:
    quote_id = str(data_of(await busha.ask())["id"])
    await busha.control("POST", "balances", {"asset": "USDT", "amount": "99.999999"})
    assert name_of(await busha.transfer(quote_id)) == "insufficient_balance"
    assert await busha.executions() == []


async def test_killed_simulator_remembers_its_transfers(tmp_path: Path) -> None:
    journal = tmp_path / "busha.jsonl"
    clock = ManualClock(START_MS)
    seen = []
    quote_id = ""
    for life in range(2):
        running = await serve(
            create_simulator("busha", credentials=CREDENTIALS, clock=clock, journal=journal)
        )
        async with Busha(running, clock) as client:
            if life == 0:
                quote_id = str(data_of(await client.ask())["id"])
                await client.transfer(quote_id)
            assert name_of(await client.transfer(quote_id)) == "quote_already_used"
            rows = (await client.get("/v1/transfers", f"quote_id={quote_id}")).data
            seen.append((rows, await client.balance("NGN")))
        await running.close()
    assert seen[0] == seen[1]
