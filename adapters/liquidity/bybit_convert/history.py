"""The vendor's list of conversions, read so that a missing row is proof.

It has numbered pages, newest first, and no window of time. A conversion that comes in between two
pages pushes rows towards later pages: some are read twice, none is missed. Whether the rows really
come newest first is checked, because the proof rests on it.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from adapters.liquidity.bybit_convert.schemas import Conversion

PAGE_ROWS: Final = 100
PAGES_MAX: Final = 100

Fetch = Callable[[int], Awaitable[tuple[Conversion, ...] | None]]
"""One page by its number from 1; None on any trouble."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the window, oldest first. `complete`: it holds every one of them."""

    rows: tuple[Conversion, ...]
    complete: bool


async def scan(fetch: Fetch, *, since_ms: int, until_ms: int) -> Scan:
    """Rows with `since_ms` <= time < `until_ms`; without any row when a page could not be read."""
    found: dict[str, Conversion] = {}
    latest: int | None = None
    for index in range(1, PAGES_MAX + 1):
        page = await fetch(index)
        if page is None:
            return Scan(rows=(), complete=False)
        for row in page:
            created_ms = int(row.created_at)
            if latest is not None and created_ms > latest and _is_new(row, found, until_ms):
                return Scan(rows=(), complete=False)
            latest = created_ms if latest is None else min(latest, created_ms)
            if since_ms <= created_ms < until_ms:
                found[str(row.exchange_tx_id)] = row
        if len(page) < PAGE_ROWS or (latest is not None and latest < since_ms):
            return Scan(rows=_sorted(found), complete=True)
    return Scan(rows=(), complete=False)


def _is_new(row: Conversion, found: dict[str, Conversion], until_ms: int) -> bool:
    """Not one that was only pushed to the next page, where it is read for the second time."""
    return str(row.exchange_tx_id) not in found and int(row.created_at) < until_ms


def _sorted(found: dict[str, Conversion]) -> tuple[Conversion, ...]:
    return tuple(
        sorted(found.values(), key=lambda row: (int(row.created_at), str(row.exchange_tx_id)))
    )
