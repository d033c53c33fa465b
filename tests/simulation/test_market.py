"""The seeded market: reproducible, moving, bounded, exact."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulator.decimals import places_of
from entrypoints.simulator.market import INSTRUMENTS, TICK_MS, Book, Instrument, Market
from tests.simulation.harness import START_MS

STRAY_STEPS_MAX = 1_023  # 1 + 2 + 4 + ... + 512
times = st.integers(min_value=0, max_value=4_000_000_000_000)
instruments = st.sampled_from(INSTRUMENTS)


def test_same_seed_gives_the_same_prices_in_any_order() -> None:
    first, second = Market(11), Market(11)
    moments = [START_MS + TICK_MS * n for n in range(50)]
    forwards = [first.book(INSTRUMENTS[0], at) for at in moments]
    backwards = [second.book(INSTRUMENTS[0], at) for at in reversed(moments)]
    assert forwards == backwards[::-1]


def test_other_seed_gives_other_prices() -> None:
    assert Market(1).book(INSTRUMENTS[0], START_MS) != Market(2).book(INSTRUMENTS[0], START_MS)


def test_price_moves_from_tick_to_tick_and_stands_still_within_one() -> None:
    market, btc = Market(3), INSTRUMENTS[0]
    mids = [market.book(btc, START_MS + TICK_MS * n).mid for n in range(240)]
    assert sum(before != after for before, after in pairwise(mids)) > 200
    assert market.book(btc, START_MS) == market.book(btc, START_MS + TICK_MS - 1)


def test_price_a_minute_on_differs_by_little() -> None:
    market, btc = Market(5), INSTRUMENTS[0]
    for minute in range(60):
        at_ms = START_MS + minute * 60_000
        before, after = market.book(btc, at_ms).mid, market.book(btc, at_ms + 60_000).mid
        assert abs(after - before) < before * Decimal("0.003")


@given(seed=st.integers(), instrument=instruments, at_ms=times)
def test_book_is_never_crossed_never_far_and_on_tick(
    seed: int, instrument: Instrument, at_ms: int
) -> None:
    book = Market(seed).book(instrument, at_ms)
    stray = instrument.start * instrument.step_ppm * STRAY_STEPS_MAX / 1_000_000
    assert 0 < book.bid <= book.mid <= book.ask
    assert abs(book.mid - instrument.start) <= stray + Decimal(1).scaleb(-instrument.places)
    assert all(places_of(price) <= instrument.places for price in (book.bid, book.mid, book.ask))


def test_price_held_by_hand_stands_until_released() -> None:
    market, btc = Market(1), INSTRUMENTS[0]
    walking = market.book(btc, START_MS)
    held = Book(Decimal(1), Decimal(2), Decimal(3))
    market.hold(btc, held)
    assert market.book(btc, START_MS) == held
    market.release()
    assert market.book(btc, START_MS) == walking


@pytest.mark.parametrize("symbol", ["BTC-USDT", "ETH-USDT", "USDC-USDT", "USDT-NGN", "BTC-ZAR"])
def test_instruments_of_the_sandbox_are_priced(symbol: str) -> None:
    market = Market(1)
    assert market.book(market.instrument(symbol), START_MS).bid > 0
