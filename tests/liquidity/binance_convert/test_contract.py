"""Binance Convert over real HTTP keeps the contract of every LP."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.liquidity_contract import LiquidityProviderContract
from tests.liquidity.binance_convert.lab import BinanceLab, running_lab


@pytest.fixture
async def lab() -> AsyncIterator[BinanceLab]:
    async with running_lab() as made:
        yield made


class TestBinanceConvert(LiquidityProviderContract):
    pass
