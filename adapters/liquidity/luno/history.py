"""The vendor's list of orders, read so that a missing row is proof.

Newest first, with a cursor in time: the orders created before a moment. The list of closed orders
and the list of open ones are two; an order is in one of them.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from adapters.liquidity.luno.schemas import OrderRecord

PAGE_ROWS: Final = 1_000
REQUESTS_MAX: Final = 32

Fetch = Callable[[bool, int], Awaitable[tuple[OrderRecord, ...] | None]]
"""Closed or open orders created before that moment in milliseconds; None on any trouble."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first. `complete`: every order of the window; otherwise none of the rows is good."""

    rows: tuple[OrderRecord, ...]
    complete: bool


async def scan(fetch: Fetch, *, since_ms: int, until_ms: int) -> Scan:
    """Orders created from `since_ms` up to but not including `until_ms`."""
    found: dict[str, OrderRecord] = {}
    # Open first: an order that closes in between is then seen at least once.
    for closed in (False, True):
        if not await _read(fetch, closed, found, since_ms=since_ms, until_ms=until_ms):
            return Scan(rows=(), complete=False)
    within = (each for each in found.values() if since_ms <= each.creation_timestamp < until_ms)
    rows = sorted(within, key=lambda each: (each.creation_timestamp, str(each.order_id)))
    return Scan(rows=tuple(rows), complete=True)


async def _read(
    fetch: Fetch, closed: bool, found: dict[str, OrderRecord], *, since_ms: int, until_ms: int
) -> bool:
    """Whether the list was read back to before the window."""
    before_ms = until_ms
    for _ in range(REQUESTS_MAX):
        page = await fetch(closed, before_ms)
        if page is None:
            return False
        found.update((str(each.order_id), each) for each in page)
        if len(page) < PAGE_ROWS:
            return True
        oldest_ms = min(each.creation_timestamp for each in page)
        if oldest_ms < since_ms:
            return True
        # A millisecond later than the oldest: others of that moment may stand on the next page.
        if oldest_ms + 1 >= before_ms:
            return False
        before_ms = oldest_ms + 1
    return False
