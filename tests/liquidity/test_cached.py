"""What is cached, and for how long it is believed."""

import asyncio
from datetime import timedelta

from adapters.liquidity.cached import ASK_AGAIN_AFTER, Cached, Freshness
from adapters.memory.clock import ManualClock

FRESHNESS = Freshness(fresh_for=timedelta(minutes=10), usable_for=timedelta(hours=1))
STALE = timedelta(minutes=11)
TOO_OLD = timedelta(hours=2)


class Source:
    """Answers what is set; while `blocked` is not set, it makes its callers wait."""

    def __init__(self) -> None:
        self.answer: int | None = 1
        self.calls = 0
        self.open = asyncio.Event()
        self.open.set()

    async def load(self) -> int | None:
        self.calls += 1
        answer = self.answer
        await self.open.wait()
        return answer


def cached(source: Source, clock: ManualClock) -> Cached[int]:
    return Cached(source.load, clock=clock, freshness=FRESHNESS)


async def settled() -> None:
    """Lets a refresh in the background run to its end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_fresh_value_is_loaded_once() -> None:
    source, clock = Source(), ManualClock()
    cache = cached(source, clock)
    assert await cache.get() == 1
    clock.advance(timedelta(minutes=10))
    assert await cache.get() == 1
    assert source.calls == 1


async def test_many_who_wait_cause_one_load() -> None:
    source, clock = Source(), ManualClock()
    source.open.clear()
    cache = cached(source, clock)
    waiting = [asyncio.create_task(cache.get()) for _ in range(20)]
    await settled()
    source.open.set()
    assert await asyncio.gather(*waiting) == [1] * 20
    assert source.calls == 1


async def test_one_who_hangs_up_takes_nothing_from_the_others() -> None:
    source, clock = Source(), ManualClock()
    source.open.clear()
    cache = cached(source, clock)
    first, second = (asyncio.create_task(cache.get()) for _ in range(2))
    await settled()
    first.cancel()
    source.open.set()
    assert await second == 1


async def test_stale_value_is_served_at_once_and_refreshed_behind() -> None:
    source, clock = Source(), ManualClock()
    cache = cached(source, clock)
    await cache.get()
    source.answer = 2
    source.open.clear()
    clock.advance(STALE)
    assert await cache.get() == 1
    source.open.set()
    await settled()
    assert await cache.get() == 2
    assert source.calls == 2


async def test_failed_refresh_leaves_the_value_until_it_is_too_old() -> None:
    source, clock = Source(), ManualClock()
    cache = cached(source, clock)
    await cache.get()
    source.answer = None
    clock.advance(STALE)
    assert await cache.get() == 1
    await settled()
    clock.advance(TOO_OLD)
    assert await cache.get() is None


async def test_vendor_in_trouble_is_not_asked_by_every_caller() -> None:
    source, clock = Source(), ManualClock()
    source.answer = None
    cache = cached(source, clock)
    for _ in range(10):
        assert await cache.get() is None
    assert source.calls == 1
    source.answer = 3
    clock.advance(ASK_AGAIN_AFTER)
    assert await cache.get() == 3


async def test_closing_ends_a_load_that_never_ends() -> None:
    source, clock = Source(), ManualClock()
    source.open.clear()
    cache = cached(source, clock)
    waiting = asyncio.create_task(cache.get())
    await settled()
    await cache.close()
    waiting.cancel()
    await asyncio.wait([waiting])
