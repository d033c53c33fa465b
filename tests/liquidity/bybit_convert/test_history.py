"""Numbered pages, newest first: complete only when nothing can have been missed."""

from collections.abc import Sequence

from adapters.liquidity.bybit_convert.history import PAGE_ROWS, PAGES_MAX, Scan, scan
from adapters.liquidity.bybit_convert.schemas import Conversion


def row(at_ms: int, name: str | None = None) -> Conversion:
    return Conversion(
        exchange_tx_id=name or f"q{at_ms}",
        exchange_status="success",
        from_coin="BTC",
        from_amount="1",
        to_coin="USDT",
        to_amount="1",
        created_at=str(at_ms),
    )


class Vendor:
    """`arrives` are rows that come in after the first page was read."""

    def __init__(self, rows: Sequence[Conversion], arrives: Sequence[Conversion] = ()) -> None:
        self.rows = list(rows)
        self.arrives = list(arrives)
        self.asked: list[int] = []

    async def page(self, index: int) -> tuple[Conversion, ...] | None:
        self.asked.append(index)
        start = (index - 1) * PAGE_ROWS
        read = tuple(self.rows[start : start + PAGE_ROWS])
        self.rows, self.arrives = [*self.arrives, *self.rows], []
        return read


async def scanned(vendor: Vendor, since_ms: int, until_ms: int) -> Scan:
    return await scan(vendor.page, since_ms=since_ms, until_ms=until_ms)


def newest_first(first: int, last: int) -> list[Conversion]:
    return [row(at) for at in range(last, first - 1, -1)]


async def test_window_is_read_oldest_first_without_its_end() -> None:
    found = await scanned(Vendor(newest_first(1, 9)), 3, 6)
    assert [each.created_at for each in found.rows] == ["3", "4", "5"]
    assert found.complete


async def test_reading_stops_behind_the_window() -> None:
    vendor = Vendor(newest_first(1, 1_000))
    found = await scanned(vendor, 850, 2_000)
    assert (len(found.rows), found.complete, vendor.asked) == (151, True, [1, 2])


async def test_row_pushed_to_the_next_page_is_neither_missed_nor_doubled() -> None:
    vendor = Vendor(newest_first(1, 250), arrives=[row(300), row(299)])
    found = await scanned(vendor, 1, 260)
    assert (len(found.rows), found.complete) == (250, True)


async def test_rows_out_of_order_prove_nothing() -> None:
    found = await scanned(Vendor([row(5), row(7), row(3)]), 1, 10)
    assert (found.rows, found.complete) == ((), False)


async def test_page_that_cannot_be_read_proves_nothing() -> None:
    async def fetch(index: int) -> tuple[Conversion, ...] | None:
        return tuple(newest_first(1, PAGE_ROWS)) if index == 1 else None

    found = await scan(fetch, since_ms=0, until_ms=1_000)
    assert (found.rows, found.complete) == ((), False)


async def test_endless_list_is_given_up_and_proves_nothing() -> None:
    asked: list[int] = []

    async def fetch(index: int) -> tuple[Conversion, ...] | None:
        asked.append(index)
        return tuple(row(10**9, f"{index}/{each}") for each in range(PAGE_ROWS))

    found = await scan(fetch, since_ms=0, until_ms=10**10)
    assert (found.complete, len(asked)) == (False, PAGES_MAX)
