"""Busha over real HTTP keeps the contract of every LP, and never proves an absence."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.liquidity_contract import LiquidityProviderContract
from tests.liquidity.busha.lab import BushaLab, running_lab


@pytest.fixture
async def lab() -> AsyncIterator[BushaLab]:
    async with running_lab() as made:
        yield made


class TestBusha(LiquidityProviderContract):
    pass
