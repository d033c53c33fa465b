"""Observations on their way to the shared rows: behind the requests, and bounded."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from adapters.postgres.connection import create_pool
from adapters.postgres.lp_desk import PostgresLpDesk
from adapters.postgres.lp_health_rows import changing
from adapters.postgres.standings import OBSERVATIONS_MAX, PostgresStandings
from adapters.system.clock import SystemClock
from application.errors import Overloaded
from domain.liquidity.health import MICRO, Tally
from domain.liquidity.observation import Observation, Operation, Result
from domain.liquidity.quote import LpName
from tests.fixtures.postgres_servers import Database

SOON = timedelta(milliseconds=5)
WITHIN_SECONDS = 20
CLOCK = SystemClock()
AT = CLOCK.now()


@pytest.fixture
async def pool(database_18: Database) -> AsyncIterator[asyncpg.Pool]:
    async with await create_pool(database_18.api_url, size=2, application_name="test") as opened:
        yield opened


def seen(lp: str) -> Observation:
    return Observation(
        lp=LpName(lp), instrument="BTC-USDT", operation=Operation.QUOTE, result=Result.OK, at=AT
    )


async def tally(pool: asyncpg.Pool, lp: str) -> Tally | None:
    row = (await PostgresLpDesk(pool).health()).get((LpName(lp), "BTC-USDT", Operation.QUOTE))
    return None if row is None else row.tally


async def test_observation_reaches_the_rows_by_itself_and_the_next_one_too(
    pool: asyncpg.Pool,
) -> None:
    standings = PostgresStandings(pool=pool, clock=CLOCK, flush_every=SOON)
    async with asyncio.timeout(WITHIN_SECONDS):
        for count in (1, 2):
            standings.observe(seen("lp_a"))
            while (found := await tally(pool, "lp_a")) is None or found.samples < count * MICRO:
                pass
    await standings.close()


async def test_what_waits_is_bounded_and_what_is_dropped_is_counted(pool: asyncpg.Pool) -> None:
    standings = PostgresStandings(pool=pool, clock=CLOCK)
    for _ in range(OBSERVATIONS_MAX + 3):
        standings.observe(seen("lp_b"))
    await standings.close()
    found = await tally(pool, "lp_b")
    assert found is not None
    assert (found.samples, standings.dropped) == (OBSERVATIONS_MAX * MICRO, 3)


async def test_what_the_database_does_not_take_waits_on(
    pool: asyncpg.Pool, database_18: Database
) -> None:
    broken = await create_pool(database_18.api_url, size=1, application_name="test")
    standings = PostgresStandings(pool=broken, clock=CLOCK)
    standings.observe(seen("lp_c"))
    broken.terminate()
    with pytest.raises(asyncpg.InterfaceError):
        await standings.flush()
    standings._pool = pool
    await standings.flush()
    assert await tally(pool, "lp_c") is not None
    await standings.close()


async def test_what_the_database_never_takes_does_not_hold_up_what_comes_after_it(
    pool: asyncpg.Pool,
) -> None:
    standings = PostgresStandings(pool=pool, clock=CLOCK, flush_every=SOON)
    standings.observe(seen("longer_than_the_name_of_any_provider"))
    async with asyncio.timeout(WITHIN_SECONDS):
        while not standings.dropped:
            await tally(pool, "lp_e")
        standings.observe(seen("lp_e"))
        while await tally(pool, "lp_e") is None:
            pass
    assert standings.dropped == 1
    await standings.close()


async def test_two_flushes_at_once_write_everything_once(pool: asyncpg.Pool) -> None:
    standings = PostgresStandings(pool=pool, clock=CLOCK)
    standings.observe(seen("lp_f"))
    await asyncio.gather(standings.flush(), standings.flush())
    found = await tally(pool, "lp_f")
    assert found is not None
    assert found.samples == MICRO
    await standings.close()


async def test_who_comes_while_a_probe_is_being_claimed_takes_no_connection_to_wait(
    pool: asyncpg.Pool,
) -> None:
    standings = PostgresStandings(pool=pool, clock=CLOCK)
    async with changing(pool):
        first = asyncio.create_task(standings.claim_quote(LpName("lp_g"), "BTC-USDT"))
        await asyncio.sleep(0)
        async with asyncio.timeout(WITHIN_SECONDS):
            assert not await standings.claim_quote(LpName("lp_g"), "BTC-USDT")
        assert not first.done()
    assert not await first
    await standings.close()


async def test_claim_that_waits_too_long_says_that_we_are_busy(pool: asyncpg.Pool) -> None:
    """And not that something broke: nothing is reserved, and the customer may try again."""
    standings = PostgresStandings(pool=pool, clock=CLOCK)
    async with changing(pool):
        with pytest.raises(Overloaded):
            await standings.claim_execution(LpName("lp_h"), "BTC-USDT")
    await standings.close()


async def test_process_that_ends_without_its_database_ends_all_the_same(
    database_18: Database,
) -> None:
    broken = await create_pool(database_18.api_url, size=1, application_name="test")
    standings = PostgresStandings(pool=broken, clock=CLOCK)
    standings.observe(seen("lp_d"))
    broken.terminate()
    await standings.close()
