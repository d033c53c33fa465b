"""Bybit Convert over real HTTP keeps the contract of every LP."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.liquidity_contract import LiquidityProviderContract
from tests.liquidity.bybit_convert.lab import BybitLab, running_lab


@pytest.fixture
async def lab() -> AsyncIterator[BybitLab]:
    async with running_lab() as made:
        yield made


class TestBybitConvert(LiquidityProviderContract):
    pass
