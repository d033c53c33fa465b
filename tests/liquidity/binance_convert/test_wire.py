"""The bytes that leave, and when none may leave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
import pytest

from adapters.liquidity.binance_convert.client import BinanceConvert
from adapters.liquidity.binance_convert.signing import sign
from domain.liquidity.outcome import (
    ExecutionKey,
    Filled,
    LpExecute,
    NotSeen,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.quote import LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.ids import OrderId
from domain.shared.side import FixedSide, Side
from tests.liquidity.binance_convert import payloads
from tests.liquidity.binance_convert.lab import provider_for, running_lab, settings_for
from tests.liquidity.instruments import BTC_USDT
from tests.liquidity.raw_server import RawServer, Reply, hangs_up, raw_server, says
from tests.liquidity.vendor_lab import CREDENTIALS, START_MS, SharedClock

SUCCESS: Final = says(200, payloads.ACCEPTED % b"SUCCESS")
ORDER: Final = says(200, payloads.ORDER)


class Scene:
    def __init__(self, server: RawServer, clock: SharedClock, provider: BinanceConvert) -> None:
        self.server = server
        self.clock = clock
        self.provider = provider

    async def execute(
        self, quote_id: str = "q-1", *, scenario: str | None = None, within_ms: int = 5_000
    ) -> Outcome:
        return await self.provider.execute_quote(
            LpExecute(
                order_id=OrderId(UUID(int=1)),
                lp_quote_id=quote_id,
                client_ref="ord_1",
                instrument=BTC_USDT,
                side=Side.SELL,
                base_units=10_000_000,
                quote_units=6_400 * 10**8,
                lp_expires_at=self.clock.now() + timedelta(seconds=10),
                deadline=self.clock.now() + timedelta(milliseconds=within_ms),
                scenario=scenario,
            )
        )

    def key(self) -> ExecutionKey:
        now = self.clock.now()
        return ExecutionKey(
            lp_quote_id="q-1",
            client_ref="ord_1",
            sent_at=now,
            lp_expires_at=now + timedelta(seconds=10),
            instrument=BTC_USDT,
            side=Side.SELL,
        )


@asynccontextmanager
async def scene(*replies: Reply, sandbox: bool = True, knows: bool = True) -> AsyncIterator[Scene]:
    async with raw_server(*replies) as server:
        clock = SharedClock()
        settings = settings_for(server.url)
        # Only a test may combine plain HTTP with what is not a sandbox.
        msgspec.structs.force_setattr(settings, "sandbox", sandbox)
        instruments = (BTC_USDT,) if knows else ()
        provider = provider_for(settings, clock, instruments)
        try:
            yield Scene(server, clock, provider)
        finally:
            await provider.close()


async def test_execution_is_one_signed_form_and_one_signed_lookup() -> None:
    async with scene(SUCCESS, ORDER) as at:
        outcome = await at.execute()
        assert isinstance(outcome, Filled)
        (accept, body), (lookup, nothing) = at.server.requests
    assert accept == "POST /sapi/v1/convert/acceptQuote HTTP/1.1"
    payload, _, signature = body.rpartition(b"&signature=")
    assert payload == f"quoteId=q-1&recvWindow=5000&timestamp={START_MS}".encode()
    assert signature == sign(CREDENTIALS.api_secret.encode(), payload)
    path, _, query = lookup.split()[1].partition("?")
    assert (path, nothing) == ("/sapi/v1/convert/orderStatus", b"")
    signed, _, given = query.rpartition("&signature=")
    assert given.encode() == sign(CREDENTIALS.api_secret.encode(), signed.encode())


async def test_headers_carry_the_key_and_the_kind_of_body() -> None:
    async with scene(SUCCESS, ORDER) as at:
        await at.execute()
        head = at.server.heads[0].lower()
    assert f"x-mbx-apikey: {CREDENTIALS.api_key}" in head
    assert "content-type: application/x-www-form-urlencoded" in head
    assert CREDENTIALS.api_secret not in head


async def test_quote_id_of_the_vendor_cannot_add_parameters() -> None:
    async with scene(SUCCESS, ORDER) as at:
        await at.execute("a/b&recvWindow=1 +%")
        body = at.server.requests[0][1].decode()
    assert parse_qs(body)["quoteId"] == ["a/b&recvWindow=1 +%"]
    assert body.count("recvWindow=") == 1


@pytest.mark.parametrize(
    ("sandbox", "scenario", "sent"),
    [
        (True, "last_look_reject", True),
        (True, "quote_slow:ms=5; x", True),
        (False, "last_look_reject", False),
        (True, None, False),
        (True, "a\r\nX-Forged: 1", False),
        (True, "", False),
        (True, "x" * 257, False),
    ],
)
async def test_fault_is_named_in_a_sandbox_only(
    sandbox: bool, scenario: str | None, sent: bool
) -> None:
    async with scene(SUCCESS, ORDER, sandbox=sandbox) as at:
        assert isinstance(await at.execute(scenario=scenario), Filled)
        head = at.server.heads[0]
    assert ("X-Aksum-Scenario" in head) == sent
    assert "Forged" not in head


@pytest.mark.parametrize("within_ms", [0, -1, -60_000])
async def test_nothing_leaves_after_the_deadline(within_ms: int) -> None:
    async with scene(SUCCESS) as at:
        outcome = await at.execute(within_ms=within_ms)
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "deadline_passed"
        assert at.server.requests == []


async def test_connection_that_cannot_be_made_is_not_sent() -> None:
    async with scene() as at:
        pass
    clock = SharedClock()
    gone = provider_for(settings_for(at.server.url), clock)
    again = Scene(at.server, clock, gone)
    outcome = await again.execute()
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "not_sent"
    await gone.close()


async def test_success_of_a_pair_unknown_here_is_pending_for_the_resolver() -> None:
    """Another process asked for the quote, and this one has never heard of the instrument."""
    async with scene(SUCCESS, ORDER, ORDER, knows=False) as at:
        assert await at.execute() == Pending(lp_execution_id="933256278426274426")
        assert isinstance(await at.provider.get_execution(at.key()), Filled)


async def test_lookup_is_repeated_once_and_execution_is_not() -> None:
    async with scene(hangs_up, says(503), ORDER) as at:
        await at.execute()
        assert [line.split()[0] for line, _ in at.server.requests] == ["POST"]
        assert isinstance(await at.provider.get_execution(at.key()), Filled)
        assert [line.split()[0] for line, _ in at.server.requests] == ["POST", "GET", "GET"]


async def test_success_that_the_record_contradicts_is_unknown() -> None:
    for record in (
        payloads.ORDER.replace(b"SUCCESS", b"FAIL"),
        payloads.ORDER.replace(b"933256278426274426", b"1"),
    ):
        async with scene(SUCCESS, says(200, record)) as at:
            outcome = await at.execute()
            assert isinstance(outcome, Unknown)


@pytest.mark.parametrize(
    ("pair", "quote_id", "proves"),
    [
        ((b"BTC", b"USDT"), b'"q-9"', True),
        ((b"ETH", b"USDT"), b"null", True),
        ((b"USDT", b"BTC"), b"null", True),
        ((b"BTC", b"USDT"), b"null", False),
        ((b"BTC", b"USDT"), b'""', False),
    ],
)
async def test_row_that_may_be_ours_keeps_absence_from_being_proven(
    pair: tuple[bytes, bytes], quote_id: bytes, proves: bool
) -> None:
    row = payloads.ORDER.replace(b'"BTC"', b'"%b"' % pair[0]).replace(b'"USDT"', b'"%b"' % pair[1])
    row = row.replace(b"1623381330472}", b'%d, "quoteId": %b}' % (START_MS, quote_id))
    page = says(200, b'{"list": [%b], "moreData": false}' % row)
    async with scene(says(400, payloads.error(-2013)), page) as at:
        key = at.key()
        at.clock.advance(timedelta(minutes=5))
        seen = await at.provider.get_execution(key)
        assert (isinstance(seen, NotSeen) and seen.authoritative) == proves
        assert proves or isinstance(seen, Unknown)


async def test_quoting_without_the_vendors_decimals_is_refused() -> None:
    async with scene(says(500), says(500)) as at:
        answer = await at.provider.request_quote(
            LpQuoteRequest(
                instrument=BTC_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=10_000_000
            )
        )
        assert isinstance(answer, LpQuoteRefused)
        assert answer.reason is QuoteRefusal.UNAVAILABLE


async def test_reference_data_is_asked_for_once() -> None:
    async with running_lab() as lab:
        request = LpQuoteRequest(
            instrument=BTC_USDT, side=Side.BUY, fixed=FixedSide.BASE, units=10_000_000
        )
        for _ in range(10):  # exchangeInfo weighs 3,000 of the 12,000 that a minute allows
            assert not isinstance(await lab.provider.request_quote(request), LpQuoteRefused)
