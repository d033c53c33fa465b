"""What an LP can take is never taken twice: refills and acceptances at once, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from adapters.memory.liquidity import CAPABILITIES, MemoryLiquidityProvider
from adapters.memory.liquidity_faults import Armed, Fault
from application.errors import IdempotencyInProgress, NoLiquidity
from application.ledger.pay_in_capital import PayInCapital, PayInCapitalCommand
from application.liquidity.refill_quotas import Overtaken
from domain.liquidity.capabilities import Settlement
from domain.liquidity.exposure import Level, LpTerms
from domain.liquidity.quotas import LpQuota
from domain.orders.order import OrderStatus, OutcomeFlag
from domain.quotes.quote import Quote, QuoteStatus
from domain.shared.ids import CustomerId, TenantId
from domain.shared.price import parse_price
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepting, quoted, quoting
from tests.integration.stack import BACKUP, PRIMARY, USDT, Stack, open_stack, request

# What one quote here takes of an LP: 0.01 BTC at 50,000.
NEEDED = 500 * 10**8
TERMS = LpTerms(lp=PRIMARY, asset=USDT.code)
KEY = (PRIMARY, USDT.code)
AT_ONCE = 32


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


async def funded(stack: Stack, units: int) -> None:
    """So much lies with the primary LP."""
    pay_in = PayInCapital(
        uow=stack.ops_uow, platform=stack.platform, clock=stack.clock, ids=stack.ids
    )
    await pay_in.execute(
        PayInCapitalCommand(
            request=request(), lp=PRIMARY, asset="USDT", units=units, reference="paid in"
        )
    )


async def quota(stack: Stack, tenant_id: TenantId) -> LpQuota:
    async with stack.uow.begin(tenant_id) as tx:
        found = await tx.lp_quotas.get(KEY)
    assert found is not None
    return found


async def party(stack: Stack) -> tuple[TenantId, CustomerId]:
    tenant_id = await stack.tenant()
    return tenant_id, await stack.customer(tenant_id, usdt=1_000_000)


async def seen_by_quotes(stack: Stack, watched: int) -> None:
    """Until the view that quotes read, which may be a second old, has so many samples."""
    async with asyncio.timeout(5):
        while len((await stack.platform.view()).headroom) < watched:  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.05)


async def accept(stack: Stack, tenant_id: TenantId, quote: Quote) -> OrderStatus | None:
    """None for an honest refusal, also one that was outdated when it was explained."""
    try:
        answer = await stack.accept_quote.execute(accepting(tenant_id, quote))
    except (NoLiquidity, IdempotencyInProgress):
        return None
    return answer.value.status


async def test_thirty_two_acceptances_at_once_take_exactly_what_there_is(stack: Stack) -> None:
    covered = 5
    parties = [await party(stack) for _ in range(2)]
    wanted = [parties[number % 2] for number in range(AT_ONCE)]
    quotes = [(tenant, await quoted(stack, tenant, customer)) for tenant, customer in wanted]
    await stack.capacities.agree(TERMS, reason="test")
    await funded(stack, 2 * covered * NEEDED)
    await stack.refill.execute()

    done = await asyncio.gather(*(accept(stack, tenant, quote) for tenant, quote in quotes))
    assert done.count(OrderStatus.FILLED) == 2 * covered
    assert done.count(None) == AT_ONCE - 2 * covered
    assert len(stack.lps[PRIMARY].executions) == 2 * covered
    for tenant, _ in parties:
        left = await quota(stack, tenant)
        assert (left.used_units, left.reserved_units, left.free_units) == (covered * NEEDED, 0, 0)
    await stack.mirror_all()
    for tenant, _ in parties:
        assert (await quota(stack, tenant)).quota_units == 0
    (seen,) = await stack.refill.execute()
    assert (seen.balance_units, seen.available_units, seen.level) == (0, 0, Level.EMPTY)


async def test_refused_acceptance_leaves_the_quote_open_and_works_after_a_refill(
    stack: Stack,
) -> None:
    tenant_id, customer_id = await party(stack)
    quote = await quoted(stack, tenant_id, customer_id)
    await stack.capacities.agree(TERMS, reason="test")
    command = accepting(tenant_id, quote)
    with pytest.raises(NoLiquidity):
        await stack.accept_quote.execute(command)
    async with stack.uow.begin(tenant_id) as tx:
        assert (await tx.quotes.get(quote.id)).quote.status is QuoteStatus.OPEN
    await funded(stack, NEEDED)
    await stack.refill.execute()
    assert (await stack.accept_quote.execute(command)).value.status is OrderStatus.FILLED


async def test_unknown_outcome_is_counted_until_it_is_known(stack: Stack) -> None:
    tenant_id, customer_id = await party(stack)
    quote = await quoted(stack, tenant_id, customer_id)
    await stack.capacities.agree(TERMS, reason="test")
    await funded(stack, NEEDED)
    await stack.refill.execute()
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT))
    order = (await stack.accept_quote.execute(accepting(tenant_id, quote))).value
    assert order.outcome is OutcomeFlag.UNKNOWN
    (seen,) = await stack.refill.execute()
    assert (seen.reserved_units, seen.available_units) == (NEEDED, 0)
    assert (await quota(stack, tenant_id)).reserved_units == NEEDED


async def test_quote_goes_to_the_backup_when_the_primary_cannot_take_it(stack: Stack) -> None:
    tenant_id, customer_id = await party(stack)
    await stack.capacities.agree(TERMS, reason="test")
    await funded(stack, NEEDED - 1)
    await stack.refill.execute()
    await seen_by_quotes(stack, 1)
    assert (await quoted(stack, tenant_id, customer_id)).lp == BACKUP
    await stack.capacities.agree(replace(TERMS, lp=BACKUP), reason="test")
    await stack.refill.execute()
    await seen_by_quotes(stack, 2)
    with pytest.raises(NoLiquidity):
        await stack.request_quote.execute(quoting(tenant_id, customer_id))


async def test_credit_is_used_up_to_the_part_of_the_limit_that_is_agreed(stack: Stack) -> None:
    settles_later = replace(CAPABILITIES, settlement=Settlement.POST_TRADE)
    stack.lps[PRIMARY] = MemoryLiquidityProvider(
        PRIMARY,
        clock=stack.clock,
        prices={"BTC-USDT": parse_price("50000")},
        capabilities=settles_later,
    )
    tenant_id, customer_id = await party(stack)
    await stack.capacities.agree(
        replace(TERMS, limit_units=5 * NEEDED, refuse_at_ppm=600_000), reason="test"
    )
    quotes = [await quoted(stack, tenant_id, customer_id) for _ in range(5)]
    await stack.refill.execute()
    done = [await accept(stack, tenant_id, quote) for quote in quotes]
    assert done == [OrderStatus.FILLED] * 3 + [None] * 2
    await stack.mirror_all()
    (seen,) = await stack.refill.execute()
    assert (seen.balance_units, seen.limit_units) == (-3 * NEEDED, 5 * NEEDED)
    assert (seen.available_units, seen.level) == (0, Level.EMPTY)
    assert (await stack.verified()).passed


async def test_two_refills_at_once_hand_out_no_more_than_there_is(stack: Stack) -> None:
    tenants = [await stack.tenant(f"Tenant {number}") for number in range(6)]
    await stack.capacities.agree(TERMS, reason="test")
    await funded(stack, 6 * NEEDED)
    for _ in range(3):
        runs = await asyncio.gather(
            *(stack.refill.execute() for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(run, tuple | Overtaken) for run in runs), runs
        handed_out = [(await quota(stack, tenant)).quota_units for tenant in tenants]
        assert sum(handed_out) <= 6 * NEEDED
    await stack.refill.execute()
    assert [(await quota(stack, tenant)).quota_units for tenant in tenants] == [NEEDED] * 6


async def test_refills_beside_trades_never_let_more_be_taken_than_lies_there(
    stack: Stack,
) -> None:
    covered = 7
    parties = [await party(stack) for _ in range(3)]
    quotes = [
        (tenant, await quoted(stack, tenant, customer))
        for tenant, customer in parties
        for _ in range(6)
    ]
    await stack.capacities.agree(TERMS, reason="test")
    await funded(stack, covered * NEEDED)

    async def refilling() -> None:
        for _ in range(6):
            await stack.mirror_all()
            await stack.refill.execute()

    async def trading() -> list[OrderStatus | None]:
        return [await accept(stack, tenant, quote) for tenant, quote in quotes]

    _, done = await asyncio.gather(refilling(), trading())
    assert done.count(OrderStatus.FILLED) <= covered
    await stack.mirror_all()
    (seen,) = await stack.refill.execute()
    assert seen.balance_units == (covered - done.count(OrderStatus.FILLED)) * NEEDED
    assert seen.available_units == seen.balance_units
    assert seen.handed_out_units <= seen.balance_units
