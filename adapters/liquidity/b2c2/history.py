"""The vendor's list of trades, read so that a missing one is proof: by cursor, to its end."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from adapters.liquidity.b2c2.schemas import Trade

PAGE_ROWS: Final = 1_000
PAGES_MAX: Final = 32
_LINK: Final = re.compile(r"<([^<>]*)>\s*;([^,<]*)")
_NEXT: Final = re.compile(r"""\brel\s*=\s*["']?next\b""")
_CURSOR: Final = re.compile(r"[?&]cursor=([A-Za-z0-9_\-.~%=+]{1,512})(?:&|$)")


class Page(msgspec.Struct, frozen=True):
    trades: tuple[Trade, ...]
    link: str


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first. `complete`: every trade of the window; otherwise none of the rows is good."""

    trades: tuple[Trade, ...]
    complete: bool


Fetch = Callable[[str | None], Awaitable[Page | None]]
"""The page at that cursor; None on any trouble."""


def next_cursor(link: str) -> tuple[bool, str | None]:
    """Whether there is a next page, and its cursor: the rest of the vendor's link is not followed.

    A next page without a cursor that can be read leaves the list incomplete.
    """
    for target, attributes in _LINK.findall(link):
        if _NEXT.search(attributes):
            found = _CURSOR.search(target)
            return True, None if found is None else found.group(1)
    return False, None


async def scan(fetch: Fetch) -> Scan:
    found: dict[str, Trade] = {}
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = await fetch(cursor)
        if page is None:
            break
        found.update((str(each.trade_id), each) for each in page.trades)
        more, following = next_cursor(page.link)
        if not more and len(page.trades) <= PAGE_ROWS:
            rows = sorted(found.values(), key=lambda each: (each.created, str(each.trade_id)))
            return Scan(trades=tuple(rows), complete=True)
        if following is None or following == cursor:
            break
        cursor = following
    return Scan(trades=(), complete=False)
