"""The vendor's list of conversions, read so that a missing row is proof.

Its pages have no cursor and no stated order, only `moreData`. So a window with more rows than one
page is halved until every part fits, whatever order the rows come in.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from adapters.liquidity.binance_convert.schemas import TradeFlow, TradeRow

PAGE_ROWS: Final = 1_000
WINDOW_MS_MAX: Final = 29 * 24 * 60 * 60 * 1_000  # the vendor takes 30 days
REQUESTS_MAX: Final = 64  # above the vendor's allowance for a minute

Fetch = Callable[[int, int], Awaitable[TradeFlow | None]]
"""One page from `start_ms` to `end_ms`, both inclusive; None on any trouble."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the window, oldest first. `complete`: it holds every one of them.

    When not complete and not `failed`, the rows are the oldest ones without a gap.
    """

    rows: tuple[TradeRow, ...]
    complete: bool
    failed: bool = False


async def scan(fetch: Fetch, *, since_ms: int, until_ms: int, limit: int) -> Scan:
    """Rows with `since_ms` <= time < `until_ms`; stops early once it has more than `limit`."""
    found: dict[str, TradeRow] = {}
    parts = _parts(since_ms, until_ms)
    requests = 0
    while parts and len(found) <= limit:
        if requests == REQUESTS_MAX:
            return Scan(rows=_sorted(found), complete=False)
        start, end = parts.pop()
        # A millisecond wider than asked: the documents do not say which ends are inclusive.
        page = await fetch(start - 1, end)
        requests += 1
        if page is None:
            return Scan(rows=(), complete=False, failed=True)
        if not page.more_data:
            within = (row for row in page.rows if since_ms <= row.create_time < until_ms)
            found.update((str(row.order_id), row) for row in within)
        elif end - start > 1:
            middle = (start + end) // 2
            parts += [(middle, end), (start, middle)]
        else:
            return Scan(rows=_sorted(found), complete=False)
    rows = _sorted(found)
    return Scan(rows=rows[:limit], complete=not parts and len(rows) <= limit)


def _parts(since_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """Windows the vendor takes, the oldest last because they are taken from the end."""
    starts = range(since_ms, until_ms, WINDOW_MS_MAX)
    return [(start, min(start + WINDOW_MS_MAX, until_ms)) for start in reversed(starts)]


def _sorted(found: dict[str, TradeRow]) -> tuple[TradeRow, ...]:
    return tuple(sorted(found.values(), key=lambda row: (row.create_time, str(row.order_id))))
