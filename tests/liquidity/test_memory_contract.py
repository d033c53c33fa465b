"""The LP in process keeps the contract of the real ones."""

from datetime import datetime, timedelta

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.liquidity import MemoryLiquidityProvider
from adapters.memory.liquidity_faults import Armed, Fault
from domain.liquidity.quote import LpName
from domain.shared.price import parse_price
from tests.contract.liquidity_contract import LiquidityProviderContract
from tests.contract.liquidity_lab import Lab
from tests.liquidity.instruments import BTC_USDT


class MemoryLab:
    lookup_attempts = 1
    instrument = BTC_USDT

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.provider = MemoryLiquidityProvider(
            LpName("memory"), clock=self.clock, prices={BTC_USDT.symbol: parse_price("64000")}
        )

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    async def arm(self, fault: str, **params: int) -> None:
        name = Fault(fault)
        forever = name is Fault.LOOKUP_404_FOREVER
        count = params.get("lookups", 2) if name is Fault.LOOKUP_404_THEN_FOUND else 1
        self.provider.arm(
            Armed(
                fault=name,
                remaining=None if forever else params.get("count", count),
                lookups=params.get("lookups", 2),
                fails=bool(params.get("fails", 0)),
                bps=params.get("bps", 10),
            )
        )

    def shows(self, fault: str) -> bool:
        return fault in set(Fault)

    async def executions(self) -> int:
        return len(self.provider.executions)


@pytest.fixture
def lab() -> Lab:
    return MemoryLab()


class TestMemoryLiquidityProvider(LiquidityProviderContract):
    pass
