"""Statements of an account over a time, as JSON and as CSV."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from entrypoints.http.schemas import statements
from entrypoints.http.schemas.values import timestamp
from tests.api.world import Caller, Json, Partner, World, problem

HOUR = timedelta(hours=1)


class Book:
    """The USDT account of one customer with three deposits, two hours apart."""

    def __init__(self, caller: Caller, world: World, partner: Partner) -> None:
        self.caller, self.customer = caller, partner.other_customer_id
        self.clock, self.path = world.clock, ""
        self.starts = world.clock.now()

    async def fill(self) -> None:
        for amount in ("1", "2", "4"):
            self.clock.advance(HOUR)
            await self.caller.deposit(self.customer, "USDT", amount)
            self.clock.advance(HOUR)
        (account,) = (await self.caller.read("/v1/accounts", customer_id=self.customer))["data"]
        self.path = f"/v1/accounts/{account['id']}/statement"

    def times(self, begins: int, ends: int) -> dict[str, str]:
        """In hours; deposits are at 1, 3 and 5."""
        return {
            "from": timestamp(self.starts + begins * HOUR),
            "to": timestamp(self.starts + ends * HOUR),
        }

    async def read(self, begins: int, ends: int) -> Json:
        return await self.caller.read(self.path, **self.times(begins, ends))

    async def get(self, **asked: str) -> httpx.Response:
        return await self.caller.get(self.path, **asked)


@pytest.fixture
async def book(caller: Caller, world: World, partner: Partner) -> Book:
    book = Book(caller, world, partner)
    await book.fill()
    return book


@pytest.mark.parametrize(
    ("begins", "ends", "opening", "amounts", "closing"),
    [
        (0, 6, "0", ["1", "2", "4"], "7"),
        (2, 4, "1", ["2"], "3"),
        (1, 3, "0", ["1"], "1"),
        (3, 5, "1", ["2"], "3"),
        (4, 5, "3", [], "3"),
        (-9, 0, "0", [], "0"),
    ],
)
async def test_statement_goes_from_opening_to_closing_by_its_entries(
    book: Book, begins: int, ends: int, opening: str, amounts: list[str], closing: str
) -> None:
    """What is booked at the first instant is in it; at the last, in the next one."""
    read = await book.read(begins, ends)

    shown = [Decimal(each["amount"]) for each in read["entries"]]
    assert shown == [Decimal(each) for each in amounts]
    assert (Decimal(read["opening"]), Decimal(read["closing"])) == (
        Decimal(opening),
        Decimal(closing),
    )
    assert Decimal(read["opening"]) + sum(shown) == Decimal(read["closing"])
    assert {"from": read["from"], "to": read["to"]} == book.times(begins, ends)


async def test_csv_says_what_json_does(book: Book) -> None:
    read = await book.read(2, 6)
    response = await book.get(**book.times(2, 6), format="csv")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [row["line"] for row in rows] == ["opening", "entry", "entry", "closing"]
    assert [row["balance"] for row in rows] == ["1.00000000", "3.00000000", *["7.00000000"] * 2]
    for row, entry in zip(rows[1:-1], read["entries"], strict=True):
        for name in ("booked_at", "transaction_id", "type", "reference", "amount"):
            assert row[name] == entry[name]
    assert (rows[0]["booked_at"], rows[-1]["booked_at"]) == (read["from"], read["to"])


async def test_as_many_lines_as_fit_are_shown_and_not_one_more(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrypoints.http.routes.statements.LINES_MAX", 2)
    assert len((await book.read(0, 4))["entries"]) == 2
    problem(await book.get(**book.times(0, 6)), 400, "validation_failed")
    assert statements.LINES_MAX == 9_999


async def test_time_that_cannot_be_is_refused(book: Book) -> None:
    good = book.times(0, 6)
    for changed, parameter in (
        ({"from": "yesterday"}, "from"),
        ({"to": "1767600000"}, "to"),
        ({"from": good["to"]}, "to"),
        ({"from": good["to"], "to": good["from"]}, "to"),
        ({"to": book.times(0, 7)["to"]}, "to"),
        ({"from": "0001-01-01T00:00:00Z"}, "from"),
        ({"format": "pdf"}, "format"),
        ({"limit": "3"}, "limit"),
    ):
        refused = problem(await book.get(**(good | changed)), 400, "validation_failed")
        assert refused["errors"][0]["parameter"] == parameter
    for name in good:
        asked = {key: value for key, value in good.items() if key != name}
        problem(await book.get(**asked), 400, "validation_failed")


async def test_shared_account_has_a_statement_that_adds_up(book: Book, caller: Caller) -> None:
    deposit = await caller.deposit(book.customer, "USDT", "4")
    transaction = await caller.read(f"/v1/transactions/{deposit['transaction_id']}")
    (shared,) = (each for each in transaction["entries"] if each["seq"] is None)
    path = f"/v1/accounts/{shared['account_id']}/statement"
    book.clock.advance(HOUR)
    told = await caller.read(path, **book.times(2, 7))
    assert {each["balance_after"] is None for each in told["entries"]} == {False}
    assert [each["seq"] for each in told["entries"]] == [None] * 3
    moved = sum(Decimal(each["amount"]) for each in told["entries"])
    # Clearing is an asset: what is credited to the customer is due from the house.
    assert Decimal(told["closing"]) - Decimal(told["opening"]) == -moved == Decimal(10)
    assert told["entries"][-1]["balance_after"] == told["closing"]
