"""B2C2 over real HTTP keeps the contract of every LP."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.liquidity_contract import LiquidityProviderContract
from tests.liquidity.b2c2.lab import B2c2Lab, running_lab


@pytest.fixture
async def lab() -> AsyncIterator[B2c2Lab]:
    async with running_lab() as made:
        yield made


class TestB2c2(LiquidityProviderContract):
    pass
