"""Pages of orders, newest first: complete, or of no use."""

import msgspec

from adapters.liquidity.luno import history
from adapters.liquidity.luno.history import PAGE_ROWS, REQUESTS_MAX, scan
from adapters.liquidity.luno.schemas import OrderRecord, read_order_record
from tests.liquidity.luno import payloads

TEMPLATE = read_order_record(msgspec.json.encode(payloads.ORDER))


def order(number: int, at_ms: int) -> OrderRecord:
    return msgspec.structs.replace(TEMPLATE, order_id=f"BX{number}", creation_timestamp=at_ms)


class Lists:
    """Closed orders one after another, and one that is still open."""

    def __init__(self, times: list[int], *, open_at: int | None = None) -> None:
        self.closed = [order(number, at) for number, at in enumerate(times)]
        self.open = [] if open_at is None else [order(99_999, open_at)]
        self.requests = 0
        self.broken_after = REQUESTS_MAX * 3

    async def fetch(self, closed: bool, before_ms: int) -> tuple[OrderRecord, ...] | None:
        self.requests += 1
        if self.requests > self.broken_after:
            return None
        rows = self.closed if closed else self.open
        older = [each for each in rows if each.creation_timestamp < before_ms]
        newest = sorted(older, key=lambda each: -each.creation_timestamp)
        return tuple(newest[:PAGE_ROWS])


async def test_window_over_many_pages_is_read_whole_and_oldest_first() -> None:
    lists = Lists([1_000 + number for number in range(2 * PAGE_ROWS + 7)], open_at=1_500)
    found = await scan(lists.fetch, since_ms=1_000, until_ms=100_000)
    assert found.complete
    assert len(found.rows) == 2 * PAGE_ROWS + 8
    times = [each.creation_timestamp for each in found.rows]
    assert times == sorted(times)


async def test_window_ends_before_its_last_moment_and_starts_with_its_first() -> None:
    found = await scan(Lists([9, 10, 19, 20]).fetch, since_ms=10, until_ms=20)
    assert [each.creation_timestamp for each in found.rows] == [10, 19]


async def test_page_that_cannot_be_read_spoils_the_whole_list() -> None:
    lists = Lists([1_000 + number for number in range(PAGE_ROWS + 1)])
    lists.broken_after = 2
    found = await scan(lists.fetch, since_ms=0, until_ms=100_000)
    assert (found.rows, found.complete) == ((), False)


async def test_more_orders_in_one_moment_than_a_page_holds_are_not_complete() -> None:
    lists = Lists([5_000] * (PAGE_ROWS + 1))
    assert not (await scan(lists.fetch, since_ms=0, until_ms=100_000)).complete


async def test_reading_is_bounded() -> None:
    lists = Lists([number * 2 for number in range(history.PAGE_ROWS * (REQUESTS_MAX + 1))])
    found = await scan(lists.fetch, since_ms=0, until_ms=10**9)
    assert not found.complete
    assert lists.requests == REQUESTS_MAX + 1
