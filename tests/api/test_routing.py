"""What a partner sees when a provider is slow, failing, or not there at all."""

import asyncio

import pytest
from msgspec.structs import replace
from typing_extensions import override

from adapters.memory.liquidity import MemoryLiquidityProvider
from adapters.memory.liquidity_faults import Armed, Fault
from application.ports.catalog import ListedLp, LpRole
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest
from tests.api.world import LP, Caller, Partner, World, problem

BACKUP = LpName("lp_b")


class SilentLp(MemoryLiquidityProvider):
    """Never answers; tells when it was given up."""

    def __init__(self, world: World) -> None:
        super().__init__(LP, clock=world.clock, prices=world.prices)
        self.given_up = asyncio.Event()

    @override
    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        try:
            return await asyncio.Future()
        finally:
            self.given_up.set()


@pytest.fixture
def backup(world: World) -> MemoryLiquidityProvider:
    lp = MemoryLiquidityProvider(BACKUP, clock=world.clock, prices=world.prices)
    world.providers[BACKUP] = lp
    listed = ListedLp(name=BACKUP, dialect="memory", role=LpRole.BACKUP, rank=1)
    world.store.lps = {**world.store.lps, BACKUP: listed}
    return lp


def body_of(partner: Partner) -> dict[str, str]:
    return {
        "customer_id": partner.customer_id,
        "instrument": "BTC-USDT",
        "side": "buy",
        "base_amount": "0.1",
    }


async def test_quote_comes_from_the_backup_when_the_primary_is_silent(
    world: World, caller: Caller, partner: Partner, backup: MemoryLiquidityProvider
) -> None:
    silent = SilentLp(world)
    world.providers[LP] = silent
    quote = await caller.quote(partner.customer_id)
    order = await caller.make("/v1/orders", {"quote_id": quote["id"]})
    assert (order["status"], len(backup.executions)) == ("filled", 1)
    assert silent.given_up.is_set()


async def test_quote_comes_from_the_backup_when_the_primary_refuses(
    world: World, caller: Caller, partner: Partner, backup: MemoryLiquidityProvider
) -> None:
    world.lp.arm(Armed(fault=Fault.QUOTE_5XX, remaining=None))
    await caller.quote(partner.customer_id)
    assert len(backup.requests) == len(world.lp.requests) == 1


async def test_without_any_quote_the_answer_is_honest_and_may_be_repeated(
    world: World, caller: Caller, partner: Partner, backup: MemoryLiquidityProvider
) -> None:
    for lp in (world.lp, backup):
        lp.arm(Armed(fault=Fault.QUOTE_5XX))
    before = world.state()
    problem(await caller.post("/v1/quotes", body_of(partner), key="k"), 503, "no_liquidity")
    assert world.state() == before
    assert (await caller.make("/v1/quotes", body_of(partner), key="k"))["status"] == "open"


async def test_fault_that_a_partner_names_strikes_one_after_the_other(
    world: World, caller: Caller, partner: Partner, backup: MemoryLiquidityProvider
) -> None:
    headers = {"X-Aksum-Scenario": "quote_5xx"}
    answer = await caller.post("/v1/quotes", body_of(partner), headers=headers)
    problem(answer, 503, "no_liquidity")
    assert len(backup.requests) == len(world.lp.requests) == 1


async def test_side_that_no_lp_can_fix_is_still_exact_for_the_customer(
    world: World, caller: Caller, partner: Partner
) -> None:
    lp = MemoryLiquidityProvider(
        LP,
        clock=world.clock,
        prices=world.prices,
        capabilities=replace(
            world.lp.capabilities, exact_in=False, exact_out=False, exact_base=True
        ),
    )
    world.providers[LP] = lp
    body = {**body_of(partner), "quote_amount": "500"}
    del body["base_amount"]
    quote = await caller.make("/v1/quotes", body)
    assert quote["quote_amount"] == "500.00000000"
    assert (await caller.make("/v1/orders", {"quote_id": quote["id"]}))["status"] == "filled"
    assert len(lp.requests) == 3
