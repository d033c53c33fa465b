"""What a process knows of prices, when it asks, and how long anybody waits for it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from adapters.memory.clock import ManualClock
from application.liquidity.reference_board import KEEP_FRESH, REST_MOST, ReferenceBoard
from domain.assets.instrument import Instrument
from domain.liquidity.reference import Reference
from tests.unit.domain.builders import NGN, USDT, instrument_of

BTC_USDT = instrument_of()
USDT_NGN = instrument_of(USDT, NGN)
EVERY = timedelta(seconds=1)


class Source:
    """Answers `price`, or None for trouble; while `open` is not set, it makes its callers wait."""

    def __init__(self, source: str, clock: ManualClock) -> None:
        self._clock = clock
        self._source = source
        self.price: int | None = 60_000
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[str] = []
        self.closed = False
        self.breaks = False

    @property
    def source(self) -> str:
        return self._source

    @property
    def vendor(self) -> str:
        return self._source

    @property
    def every(self) -> timedelta:
        return EVERY

    async def read(self, instrument: Instrument) -> Reference | None:
        self.asked.append(instrument.symbol)
        observed_at = self._clock.now()
        await self.open.wait()
        if self.breaks:
            raise ValueError("a defect of the adapter")
        if self.price is None:
            return None
        price = Decimal(self.price)
        return Reference(
            source=self._source, vendor=self._source, bid=price, ask=price, observed_at=observed_at
        )

    async def close(self) -> None:
        self.closed = True


class Lab:
    """Pauses end when a test says so, and are kept in order."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.quick, self.slow = Source("quick", self.clock), Source("slow", self.clock)
        self.pauses: list[timedelta] = []
        self._next = asyncio.Event()
        self.board = ReferenceBoard((self.quick, self.slow), clock=self.clock, pause=self._pause)

    async def _pause(self, duration: timedelta) -> None:
        self.pauses.append(duration)
        await self._next.wait()

    async def later(self, duration: timedelta) -> None:
        """Time passes, and whoever paused goes on."""
        self.clock.advance(duration)
        self._next.set()
        self._next = asyncio.Event()
        await settled()

    def known(self, instrument: Instrument = BTC_USDT) -> set[str]:
        return {each.source for each in self.board.known(instrument)}


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_nothing_is_asked_before_somebody_wants_it() -> None:
    lab = Lab()
    await settled()
    assert (lab.quick.asked, lab.known()) == ([], set())


async def test_first_question_waits_until_every_source_has_answered() -> None:
    lab = Lab()
    await lab.board.ready(BTC_USDT)
    assert lab.known() == {"quick", "slow"}
    assert lab.known(USDT_NGN) == set()
    await lab.board.close()


async def test_slow_source_is_waited_for_no_longer_than_the_bound() -> None:
    lab = Lab()
    lab.slow.open.clear()
    await lab.board.ready(BTC_USDT)
    assert lab.known() == {"quick"}
    lab.slow.open.set()
    await settled()
    assert lab.known() == {"quick", "slow"}
    await lab.board.close()


async def test_prices_are_refreshed_without_anybody_waiting() -> None:
    lab = Lab()
    await lab.board.ready(BTC_USDT)
    lab.quick.price = 61_000
    await lab.later(EVERY)
    assert {each.bid for each in lab.board.known(BTC_USDT)} == {60_000, 61_000}
    assert lab.quick.asked == ["BTC-USDT"] * 2
    await lab.board.close()


async def test_nobody_asking_any_more_ends_the_asking_and_the_next_question_begins_it() -> None:
    lab = Lab()
    await lab.board.ready(BTC_USDT)
    await lab.later(KEEP_FRESH)
    await lab.later(EVERY)
    asked = len(lab.quick.asked)
    await lab.later(EVERY)
    assert len(lab.quick.asked) == asked
    before = lab.board.known(BTC_USDT)
    lab.quick.price = 62_000
    await lab.board.ready(BTC_USDT)
    assert lab.board.known(BTC_USDT) != before
    await lab.board.close()


async def test_source_that_failed_is_not_waited_for_and_asked_more_rarely() -> None:
    lab = Lab()
    lab.slow.price = None
    await lab.board.ready(BTC_USDT)
    for _ in range(8):
        await lab.later(EVERY)
    rests = [pause for pause in lab.pauses if pause != EVERY]
    assert rests[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert set(rests[3:]) == {REST_MOST}
    lab.slow.open.clear()
    await lab.later(EVERY)
    # Its answer is outstanding now; nobody waits for one who never answers.
    asking = asyncio.create_task(lab.board.ready(BTC_USDT))
    await settled()
    assert asking.done()
    assert lab.known() == {"quick"}
    await lab.board.close()


async def test_source_that_breaks_is_a_source_that_failed() -> None:
    lab = Lab()
    lab.slow.breaks = True
    for _ in range(3):
        await lab.board.ready(BTC_USDT)
    assert (lab.known(), lab.slow.asked) == ({"quick"}, ["BTC-USDT"])
    await lab.board.close()


async def test_caller_that_hangs_up_leaves_nothing_behind() -> None:
    lab = Lab()
    lab.slow.open.clear()
    before = len(asyncio.all_tasks())
    asking = asyncio.create_task(lab.board.ready(BTC_USDT))
    await settled()
    asking.cancel()
    await asyncio.wait({asking})
    await settled()
    loops_of_the_sources = 2
    assert len(asyncio.all_tasks()) == before + loops_of_the_sources
    await lab.board.close()


async def test_source_that_answers_again_is_believed_again() -> None:
    lab = Lab()
    lab.slow.price = None
    await lab.board.ready(BTC_USDT)
    lab.slow.price = 60_100
    await lab.later(EVERY)
    assert lab.known() == {"quick", "slow"}
    assert {each.source: each.failures for each in lab.board.report()} == {"quick": 0, "slow": 0}
    await lab.board.close()


async def test_last_answer_stays_and_grows_old() -> None:
    lab = Lab()
    await lab.board.ready(BTC_USDT)
    lab.slow.price = None
    await lab.later(timedelta(seconds=6))
    ages = {each.source: each.age_ms for each in lab.board.report()}
    assert ages == {"quick": 0, "slow": 6_000}
    await lab.board.close()


async def test_closing_ends_every_loop_and_every_source() -> None:
    lab = Lab()
    await lab.board.ready(BTC_USDT)
    await lab.board.close()
    asked = len(lab.quick.asked)
    await lab.later(EVERY)
    await lab.board.ready(BTC_USDT)
    assert len(lab.quick.asked) == asked
    assert (lab.quick.closed, lab.slow.closed) == (True, True)
