"""Reading the books with `aksum`: exports, trial balance, and what was posted about something."""

import csv
import io
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from domain.shared.ids import IdPrefix, OrderId, TenantId, encode_id
from tests.architecture.sources import ROOT
from tests.fixtures.book_readers import READERS
from tests.fixtures.postgres_servers import Database, Server, in_thread
from tests.integration.commands import accepted, paying, quoted
from tests.integration.operator_process import SECONDS_MAX, Operator, OperatorHere
from tests.integration.stack import open_stack

NOBODY = "ten_01m82eacxcejdbrs1n8gbfm59d"
NOTHING = "01m82eacxcejdbrs1n8gbfm59d"


class Books(NamedTuple):
    url: str
    operator: Operator
    tenant: str
    order: str


async def traded(database: Database) -> tuple[TenantId, OrderId]:
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        payer = await stack.customer(tenant_id, usdt=100_000)
        payee = await stack.customer(tenant_id, btc=1)
        order = await accepted(stack, tenant_id, await quoted(stack, tenant_id, payer))
        await stack.transfer.execute(paying(tenant_id, payer, payee))
        while await stack.mirror_all():
            pass
        await stack.customer(await stack.tenant("Zanj"), usdt=5)
    return tenant_id, order.id


@pytest.fixture(scope="module")
def books(postgres_18: Server) -> Iterator[Books]:
    database = postgres_18.create_database()
    tenant_id, order_id = in_thread(lambda: traded(database))
    url = with_user(database.admin_url, Role.OPS)
    yield Books(
        url,
        OperatorHere(url),
        encode_id(IdPrefix.TENANT, tenant_id),
        encode_id(IdPrefix.ORDER, order_id),
    )
    postgres_18.drop_database(database.name)


def test_all_books_in_one_file_are_what_the_balances_say(books: Books, tmp_path: Path) -> None:
    file = tmp_path / "books.journal"
    done = books.operator.run("ledger", "export", "--format", "hledger", "--output", str(file))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    ours: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in books.operator.ask("ledger", "balances")["data"]:
        sign = 1 if row["type"] in {"asset", "expense"} else -1
        ours[row["type"], row["asset"]] += sign * Decimal(row["posted"])
    roots = {"Assets": "asset", "Liabilities": "liability", "Income": "income"}
    for reader in READERS.values():
        found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for (name, asset), amount in reader(file.read_text()).items():
            found[roots[name.partition(":")[0]], asset] += amount
        assert found == {place: amount for place, amount in ours.items() if amount}


def test_rows_are_of_the_books_that_were_asked_for(books: Books) -> None:
    for option, book in ((("--tenant", books.tenant), books.tenant), (("--house",), "house")):
        done = books.operator.run("ledger", "export", "--format", "csv", *option)
        rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
        assert {row["book"] for row in rows} == {book}
        sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in rows:
            sums[row["transaction_id"], row["asset"]] += Decimal(row["amount"])
        assert set(sums.values()) == {0}
        assert books.order in {row["reference"] for row in rows}


def test_lines_are_of_the_days_that_were_asked_for(books: Books) -> None:
    lines = books.operator.run("ledger", "export", "--format", "jsonl").stdout.splitlines()
    days = {msgspec.json.decode(line)["effective_on"] for line in lines}
    export = ("ledger", "export", "--format", "jsonl")
    same = books.operator.run(*export, "--from", min(days), "--to", max(days))
    assert same.stdout.splitlines() == lines
    assert books.operator.run(*export, "--to", "2020-01-01").stdout == ""


def test_export_that_makes_no_sense_is_refused_and_leaves_no_file(
    books: Books, tmp_path: Path
) -> None:
    refused = books.operator.refused
    export = ("ledger", "export", "--format", "csv", "--output", str(tmp_path / "books.csv"))
    assert "not_found" in refused(*export, "--tenant", NOBODY)
    assert "export_days_invalid" in refused(*export, "--from", "2026-02-01", "--to", "2026-01-01")
    assert "--house" in refused(*export, "--house", "--tenant", books.tenant)
    assert "--format" in refused("ledger", "export")
    assert "cannot write" in refused(*export[:-1], str(tmp_path / "nowhere" / "books.csv"))
    assert list(tmp_path.iterdir()) == []


def test_reader_that_leaves_early_ends_the_export_without_a_word(books: Books) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "ledger", "export", "--format", "csv"],
        cwd=ROOT,
        env={**os.environ, "AKSUM_DATABASE_URL": books.url},
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")


def test_trial_balance_comes_to_zero_in_everybodys_books(books: Books) -> None:
    told = books.operator.ask("ledger", "trial-balance")
    assert {row["tenant"] for row in told["data"]} > {"house", books.tenant}
    assert len(told["sums"]) == len({(each["tenant"], each["asset"]) for each in told["data"]})
    assert {Decimal(each["difference"]) for each in told["sums"]} == {0}
    own = books.operator.ask("ledger", "trial-balance", "--tenant", books.tenant, "--asset", "BTC")
    assert [(row["tenant"], row["type"], row["balance"]) for row in own["data"]] == [
        (books.tenant, "asset", "1.01000000"),
        (books.tenant, "liability", "1.01000000"),
    ]
    assert "difference" in books.operator.run("ledger", "trial-balance", "--house").stdout
    assert "not_found" in books.operator.refused("ledger", "trial-balance", "--tenant", NOBODY)
    assert "asset_unknown" in books.operator.refused("ledger", "trial-balance", "--asset", "DOGE")


def test_transaction_is_shown_by_its_object_and_by_its_own_id(books: Books) -> None:
    both = books.operator.ask("ledger", "show", books.order)["data"]
    assert [(each["tenant"], each["type"]) for each in both] == [
        (books.tenant, "trade_filled"),
        ("house", "trade_mirror"),
    ]
    assert both[1]["mirror_of"] == both[0]["id"]
    for each in both:
        assert books.operator.ask("ledger", "show", each["id"])["data"] == [each]


def test_what_was_never_posted_is_said_to_be_so(books: Books) -> None:
    refused = books.operator.refused
    assert "no book has a transaction" in refused("ledger", "show", f"txn_{NOTHING}")
    assert "id_invalid" in refused("ledger", "show", "txn_misprinted")
    assert "misprint" in refused("ledger", "show", "ord_misprinted")
    assert "nothing was posted about INV-7" in refused("ledger", "show", "INV-7")
