"""What leaves towards a vendor, and how often: the same for every dialect that takes a quote id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
import pytest

from adapters.liquidity.plugin import LpTools
from application.ports.liquidity import LiquidityProvider
from domain.liquidity.outcome import (
    ExecutionKey,
    LpExecute,
    NotSeen,
    Outcome,
    Rejected,
    Unknown,
)
from domain.shared.ids import OrderId
from domain.shared.side import Side
from entrypoints.wiring.registry import LPS
from tests.liquidity.instruments import BTC_USDT
from tests.liquidity.raw_server import RawServer, Reply, hangs_up, raw_server, says
from tests.liquidity.vendor_lab import SharedClock

SECRET: Final = "not-to-be-seen"
QUOTE_IDS: Final = {"binance_convert": "q-1", "bybit_convert": "q-1", "b2c2": "q-1@64000.00"}
PLUGINS: Final = {each.dialect: each for each in LPS}


def settings(url: str, *, sandbox: bool = True) -> dict[str, object]:
    return {
        "name": "vendor",
        "base_url": url,
        "api_key": "key",
        "api_secret": SECRET,
        "sandbox": sandbox,
    }


class Scene:
    def __init__(
        self, dialect: str, server: RawServer, clock: SharedClock, provider: LiquidityProvider
    ) -> None:
        self.dialect = dialect
        self.server = server
        self.clock = clock
        self.provider = provider

    async def execute(self, *, scenario: str | None = None, within_ms: int = 5_000) -> Outcome:
        now = self.clock.now()
        return await self.provider.execute_quote(
            LpExecute(
                order_id=OrderId(UUID(int=1)),
                lp_quote_id=QUOTE_IDS[self.dialect],
                client_ref="ord_1",
                instrument=BTC_USDT,
                side=Side.BUY,
                base_units=10_000_000,
                quote_units=6_400 * 10**8,
                lp_expires_at=now + timedelta(seconds=10),
                deadline=now + timedelta(milliseconds=within_ms),
                scenario=scenario,
            )
        )

    async def look_up(self) -> Outcome | NotSeen:
        now = self.clock.now()
        return await self.provider.get_execution(
            ExecutionKey(
                lp_quote_id=QUOTE_IDS[self.dialect],
                client_ref="ord_1",
                sent_at=now,
                lp_expires_at=now + timedelta(seconds=10),
                instrument=BTC_USDT,
                side=Side.BUY,
            )
        )

    @property
    def methods(self) -> list[str]:
        return [line.split()[0] for line, _ in self.server.requests]


@asynccontextmanager
async def scene(dialect: str, *replies: Reply) -> AsyncIterator[Scene]:
    async with raw_server(*replies) as server:
        clock = SharedClock()
        tools = LpTools(clock=clock, jitter=lambda _: 0, instruments=(BTC_USDT,))
        provider = PLUGINS[dialect].make(settings(server.url), tools)
        try:
            yield Scene(dialect, server, clock, provider)
        finally:
            await provider.close()


@pytest.mark.parametrize("dialect", QUOTE_IDS)
@pytest.mark.parametrize("reply", [hangs_up, says(503), says(500, b"{}")])
async def test_execution_is_sent_once_whatever_comes_back(dialect: str, reply: Reply) -> None:
    async with scene(dialect, reply, reply, reply) as at:
        assert isinstance(await at.execute(), Unknown)
        assert at.methods == ["POST"]


@pytest.mark.parametrize("dialect", QUOTE_IDS)
async def test_lookup_is_repeated_once(dialect: str) -> None:
    async with scene(dialect, says(503), says(503), says(200)) as at:
        assert isinstance(await at.look_up(), Unknown)
        assert at.methods == ["GET", "GET"]


@pytest.mark.parametrize("dialect", QUOTE_IDS)
@pytest.mark.parametrize("within_ms", [0, -1, -60_000])
async def test_nothing_leaves_after_the_deadline(dialect: str, within_ms: int) -> None:
    async with scene(dialect, says(200)) as at:
        outcome = await at.execute(within_ms=within_ms)
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "deadline_passed"
        assert at.server.requests == []


@pytest.mark.parametrize("dialect", QUOTE_IDS)
async def test_fault_is_named_in_a_sandbox(dialect: str) -> None:
    async with scene(dialect, hangs_up) as at:
        await at.execute(scenario="last_look_reject")
        assert "X-Aksum-Scenario: last_look_reject" in at.server.heads[0]


@pytest.mark.parametrize("dialect", ["bybit_convert", "b2c2"])
def test_settings_hide_their_secret_and_want_tls_outside_a_sandbox(dialect: str) -> None:
    tools = LpTools(clock=SharedClock(), jitter=lambda _: 0)
    plugin = PLUGINS[dialect]
    with pytest.raises(msgspec.ValidationError, match="https") as refused:
        plugin.make(settings("http://vendor", sandbox=False), tools)
    assert SECRET not in str(refused.value)
