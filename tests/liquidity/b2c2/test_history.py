"""The list of trades is followed by its cursor to the end, or proves nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.liquidity.b2c2.history import PAGES_MAX, Page, next_cursor, scan
from adapters.liquidity.b2c2.schemas import Trade

START = datetime(2025, 1, 1, tzinfo=UTC)


def trade(number: int) -> Trade:
    return Trade(
        trade_id=f"t{number}",
        instrument="BTCUSD.SPOT",
        side="buy",
        price="1",
        quantity="1",
        created=START + timedelta(seconds=number),
    )


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("", (False, None)),
        ('<https://a/trade/?cursor=abc&limit=2>; rel="next"', (True, "abc")),
        ("<https://a/trade/?limit=2&cursor=a%3D>; rel=next", (True, "a%3D")),
        ('<https://a/?cursor=1>; rel="prev", <https://a/?cursor=2>; rel="next"', (True, "2")),
        ('<https://a/?cursor=1>; rel="prev"', (False, None)),
        ('<https://a/trade/?page=2>; rel="next"', (True, None)),
        ('<https://a/?cursor=a b>; rel="next"', (True, None)),
    ],
)
def test_cursor_of_the_next_page_is_found_in_the_header(
    link: str, expected: tuple[bool, str | None]
) -> None:
    assert next_cursor(link) == expected


async def test_pages_are_read_to_the_last_and_sorted() -> None:
    asked: list[str | None] = []

    async def fetch(cursor: str | None) -> Page:
        asked.append(cursor)
        if cursor is None:
            return Page((trade(3), trade(1)), '<https://a/?cursor=2>; rel="next"')
        return Page((trade(1), trade(2)), "")

    found = await scan(fetch)
    assert [each.trade_id for each in found.trades] == ["t1", "t2", "t3"]
    assert (found.complete, asked) == (True, [None, "2"])


async def test_page_that_cannot_be_read_proves_nothing() -> None:
    async def fetch(cursor: str | None) -> Page | None:
        return Page((trade(1),), '<https://a/?cursor=2>; rel="next"') if cursor is None else None

    found = await scan(fetch)
    assert (found.trades, found.complete) == ((), False)


@pytest.mark.parametrize("link", ['<https://a/?cursor=2>; rel="next"', '<https://a/>; rel="next"'])
async def test_list_that_does_not_end_proves_nothing(link: str) -> None:
    asked: list[str | None] = []

    async def fetch(cursor: str | None) -> Page:
        asked.append(cursor)
        return Page((trade(len(asked)),), link)

    found = await scan(fetch)
    assert (found.trades, found.complete) == ((), False)
    assert len(asked) <= PAGES_MAX
