"""B2C2's wire by a client of its own: token, orders, credit, pages, restarts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import pytest

from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.control import rfc3339
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from tests.simulation.harness import CREDENTIALS, START_MS, Reply, VendorClient

SECOND_MS: Final = 1_000


def uuid(number: int) -> str:
    return str(UUID(int=number))


class B2c2Client(VendorClient):
    async def send(self, method: str, path: str, body: object = None) -> Reply:
        headers = {
            "Authorization": f"Token {CREDENTIALS.api_secret}",
            "Content-Type": "application/json",
        }
        target, _, query = path.partition("?")
        text = None if body is None else msgspec.json.encode(body).decode()
        return await self.raw(method, target, query=query, body=text, headers=headers)

    async def ask(self) -> Reply:
        body: dict[str, object] = {
            "client_rfq_id": uuid(1),
            "instrument": "BTCUST.SPOT",
            "side": "buy",
            "quantity": "0.1",
        }
        return await self.send("POST", "/request_for_quote/", body)

    async def order(self, number: int, **changes: object) -> Reply:
        body: dict[str, object] = {
            "client_order_id": uuid(number),
            "instrument": "BTCUST.SPOT",
            "side": "buy",
            "quantity": "0.1",
            "order_type": "FOK",
            "price": "64012.8",
            "valid_until": rfc3339(self.clock.now_ms() + 5 * SECOND_MS),
            "acceptable_slippage_in_basis_points": "0",
            "executing_unit": f"ord_{number}",
        }
        return await self.send("POST", "/v2/order/", body | changes)

    async def found(self, number: int) -> Reply:
        return await self.send("GET", f"/order/{uuid(number)}/")


def code(reply: Reply) -> object:
    rows = msgspec.convert(reply.json["errors"], type=list[dict[str, object]])
    return rows[0]["code"]


async def start(clock: ManualClock, journal: Path | None = None) -> RunningSimulator:
    app = create_simulator("b2c2", seed=7, credentials=CREDENTIALS, clock=clock, journal=journal)
    return await serve(app)


@pytest.fixture
async def b2c2() -> AsyncIterator[B2c2Client]:
    clock = ManualClock(START_MS)
    running = await start(clock)
    try:
        async with B2c2Client(running, clock) as client:
            await client.control("POST", "prices", {"instrument": "BTC-USDT", "price": "64000"})
            yield client
    finally:
        await running.close()


async def test_price_is_good_for_a_while(b2c2: B2c2Client) -> None:
    reply = await b2c2.ask()
    assert reply.status == 201
    assert reply.json["price"] == "64012.80000000"
    assert reply.json["quantity"] == "0.1000000000"
    assert reply.json["valid_until"] == rfc3339(START_MS + 10 * SECOND_MS)
    assert "created" not in reply.json


async def test_order_is_executed_under_our_id_and_found_by_it(b2c2: B2c2Client) -> None:
    reply = await b2c2.order(1)
    assert (reply.status, reply.json["client_order_id"]) == (201, uuid(1))
    assert reply.json["executed_price"] == "64012.80000000"
    assert (await b2c2.found(1)).json == reply.json
    (executed,) = await b2c2.executions()
    assert executed["client_ref"] == uuid(1)


async def test_order_the_market_has_left_is_answered_with_a_null_price(b2c2: B2c2Client) -> None:
    reply = await b2c2.order(1, price="63000")
    assert (reply.status, reply.json["executed_price"], reply.json["trades"]) == (201, None, [])
    assert await b2c2.executions() == []


async def test_market_that_moved_a_little_is_executed_at_our_price(b2c2: B2c2Client) -> None:
    """Less than five basis points beyond it."""
    assert (await b2c2.order(1, price="63990")).json["executed_price"] == "63990.00000000"


async def test_nothing_is_served_without_the_token(b2c2: B2c2Client) -> None:
    for token in ("", "Token other", CREDENTIALS.api_secret):
        reply = await b2c2.raw("GET", "/balance/", headers={"Authorization": token})
        assert (reply.status, reply.json) == (401, {"detail": "Invalid token."})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"instrument": "DOGUST.SPOT"}, 1001),
        ({"quantity": "0.10001"}, 1015),
        ({"quantity": 0.1}, 1017),
        ({"side": "hold"}, 1017),
        ({"client_order_id": "ord_1"}, 1017),
        ({"executing_unit": "x" * 51}, 1017),
        ({"acceptable_slippage_in_basis_points": "21"}, 1017),
        ({"quantity": "0.0001"}, 1019),
        ({"quantity": "51"}, 1010),
        ({"valid_until": "soon"}, 1020),
        ({"valid_until": "2025-10-09T08:53:25"}, 1020),
        ({"order_type": "MKT"}, 1023),
        ({"price": None}, 1101),
    ],
)
async def test_order_that_makes_no_sense_is_refused_by_code(
    b2c2: B2c2Client, changes: dict[str, object], expected: int
) -> None:
    reply = await b2c2.order(1, **changes)
    assert (reply.status, code(reply)) == (400, expected)
    assert (await b2c2.found(1)).status == 404


async def test_late_order_is_refused_and_its_id_stays_free(b2c2: B2c2Client) -> None:
    late = rfc3339(START_MS - 1)
    assert code(await b2c2.order(1, valid_until=late)) == 1021
    assert (await b2c2.order(1)).status == 201


async def test_id_is_taken_once(b2c2: B2c2Client) -> None:
    await b2c2.order(1)
    assert code(await b2c2.order(1)) == 1100
    assert len(await b2c2.executions()) == 1


async def test_balance_below_zero_is_what_we_owe(b2c2: B2c2Client) -> None:
    await b2c2.order(1)
    balances = (await b2c2.send("GET", "/balance/")).json
    assert (balances["BTC"], balances["UST"]) == ("0.1000000000", "-6401.2800000000")
    info = (await b2c2.send("GET", "/account_info/")).json
    assert (info["risk_exposure"], info["max_risk_exposure"]) == ("6401.28", "20000000")


async def test_trades_have_pages_and_a_window(b2c2: B2c2Client) -> None:
    for number in (1, 2, 3):
        await b2c2.order(number)
        b2c2.clock.advance(SECOND_MS)
    first = await b2c2.send("GET", "/trade/?limit=2")
    assert [row["executing_unit"] for row in first.rows] == ["ord_1", "ord_2"]
    assert 'cursor=2>; rel="next"' in first.headers["Link"]
    second = await b2c2.send("GET", "/trade/?limit=2&cursor=2")
    assert [row["executing_unit"] for row in second.rows] == ["ord_3"]
    assert "Link" not in second.headers
    until = rfc3339(START_MS + SECOND_MS)
    window = await b2c2.send("GET", f"/trade/?created__gte={rfc3339(START_MS)}&created__lt={until}")
    assert [row["executing_unit"] for row in window.rows] == ["ord_1"]


async def test_restart_remembers_what_was_executed(tmp_path: Path) -> None:
    clock, journal = ManualClock(START_MS), tmp_path / "b2c2.journal"
    running = await start(clock, journal)
    async with B2c2Client(running, clock) as client:
        answer = (await client.order(1, price="70000")).json
        balances = (await client.send("GET", "/balance/")).json
    await running.close()
    running = await start(clock, journal)
    async with B2c2Client(running, clock) as client:
        assert (await client.found(1)).json == answer
        assert (await client.send("GET", "/balance/")).json == balances
        assert code(await client.order(1)) == 1100
    await running.close()
