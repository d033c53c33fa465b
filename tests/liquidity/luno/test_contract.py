"""Luno over real HTTP keeps the contract of every LP, although it is an order book."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.liquidity_contract import LiquidityProviderContract
from tests.liquidity.luno.lab import LunoLab, running_lab


@pytest.fixture
async def lab() -> AsyncIterator[LunoLab]:
    async with running_lab() as made:
        yield made


class TestLuno(LiquidityProviderContract):
    pass
