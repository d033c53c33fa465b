"""Reading all of a list that has no cursor."""

from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.liquidity.binance_convert import history
from adapters.liquidity.binance_convert.history import (
    PAGE_ROWS,
    REQUESTS_MAX,
    WINDOW_MS_MAX,
    scan,
)
from adapters.liquidity.binance_convert.schemas import TradeFlow, TradeRow

T0: Final = 1_760_000_000_000
DAY_MS: Final = 24 * 60 * 60 * 1_000


def row(order_id: int, at_ms: int) -> TradeRow:
    return TradeRow(
        order_id=order_id,
        order_status="SUCCESS",
        from_asset="BTC",
        from_amount="1",
        to_asset="USDT",
        to_amount="1",
        create_time=at_ms,
    )


class Vendor:
    """Newest first, as the simulator; `inclusive_end` and `shuffles` are what it might do too."""

    def __init__(self, times: list[int], *, page: int = PAGE_ROWS, inclusive: bool = True) -> None:
        self._rows = [row(index, at) for index, at in enumerate(times)]
        self._page = page
        self._inclusive = inclusive
        self.windows: list[tuple[int, int]] = []
        self.fails_after: int | None = None

    async def fetch(self, start_ms: int, end_ms: int) -> TradeFlow | None:
        self.windows.append((start_ms, end_ms))
        if self.fails_after is not None and len(self.windows) > self.fails_after:
            return None
        inside = [
            each
            for each in self._rows
            if (start_ms <= each.create_time <= end_ms)
            if self._inclusive or start_ms < each.create_time < end_ms
        ]
        inside.sort(key=lambda each: each.create_time, reverse=True)
        return TradeFlow(rows=tuple(inside[: self._page]), more_data=len(inside) > self._page)


def ids(rows: tuple[TradeRow, ...]) -> list[int]:
    return sorted(int(each.order_id) for each in rows)


@given(
    offsets=st.lists(st.integers(-20, 120), max_size=40),
    page=st.integers(1, 10),
    inclusive=st.booleans(),
)
@example(offsets=[0, 2], page=1, inclusive=True)
async def test_complete_scan_holds_every_row_of_its_window(
    offsets: list[int], page: int, inclusive: bool
) -> None:
    vendor = Vendor([T0 + each for each in offsets], page=page, inclusive=inclusive)
    found = await scan(vendor.fetch, since_ms=T0, until_ms=T0 + 100, limit=1_000)
    wanted = [index for index, each in enumerate(offsets) if 0 <= each < 100]
    assert not found.failed
    if found.complete:
        assert ids(found.rows) == wanted
    else:
        # More rows within the narrowest window than a page holds: said, and not passed over.
        narrowest = [sum(abs(each - middle) <= 1 for each in offsets) for middle in range(-20, 121)]
        assert max(narrowest) > page


@given(
    offsets=st.lists(st.integers(0, 99), min_size=1, max_size=40, unique=True),
    limit=st.integers(1, 10),
)
async def test_limit_keeps_the_oldest_rows_without_a_gap(offsets: list[int], limit: int) -> None:
    vendor = Vendor([T0 + each for each in offsets], page=5)
    found = await scan(vendor.fetch, since_ms=T0, until_ms=T0 + 100, limit=limit)
    times = [each.create_time - T0 for each in found.rows]
    assert times == sorted(offsets)[:limit]
    assert found.complete == (len(offsets) <= limit)


async def test_window_longer_than_the_vendor_takes_is_split() -> None:
    vendor = Vendor([T0, T0 + 40 * DAY_MS, T0 + 80 * DAY_MS])
    found = await scan(vendor.fetch, since_ms=T0, until_ms=T0 + 90 * DAY_MS, limit=10)
    assert found.complete
    assert ids(found.rows) == [0, 1, 2]
    assert all(end - start <= 30 * DAY_MS for start, end in vendor.windows)
    assert len(vendor.windows) == -(-90 * DAY_MS // WINDOW_MS_MAX)


async def test_any_page_that_cannot_be_had_fails_the_scan() -> None:
    vendor = Vendor([T0 + each for each in range(50)], page=10)
    vendor.fails_after = 4
    found = await scan(vendor.fetch, since_ms=T0, until_ms=T0 + 100, limit=1_000)
    assert (found.rows, found.complete, found.failed) == ((), False, True)


async def test_scan_stops_at_its_budget_and_says_so() -> None:
    vendor = Vendor([T0 + 10 * each for each in range(500)], page=1)
    found = await scan(vendor.fetch, since_ms=T0, until_ms=T0 + 5_000, limit=1_000)
    assert not found.complete
    assert len(vendor.windows) == REQUESTS_MAX
    times = [each.create_time for each in found.rows]
    assert times == [T0 + 10 * each for each in range(len(times))]


async def test_empty_window_asks_nobody() -> None:
    vendor = Vendor([T0])
    found = await scan(vendor.fetch, since_ms=T0, until_ms=T0, limit=10)
    assert (found.rows, found.complete) == ((), True)
    assert vendor.windows == []


def test_budget_is_above_one_minute_of_the_vendor_allowance() -> None:
    """180,000 of weight a minute at 3,000 a call are 60 calls."""
    assert history.REQUESTS_MAX >= 180_000 // 3_000
