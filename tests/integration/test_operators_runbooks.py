"""The runbooks of credit lines, closing and operators, rehearsed as operators follow them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from domain.shared.ids import CustomerId, IdPrefix, TenantId, encode_id
from tests.fixtures.postgres_servers import Database, in_thread
from tests.integration.commands import paying
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import open_stack

RUNBOOKS = Path(__file__).parents[2] / "docs/runbooks"
NOWHERE = "chg_01h455vb4pex5vsknk084sn02q"


class Person:
    """An operator at the keyboard, with a key of their own."""

    def __init__(self, desk: OperatorHere, name: str, patch: pytest.MonkeyPatch) -> None:
        self.desk, self.name, self._patch = desk, name, patch
        self.made = desk.ask("api-key", "create", "--operator", "--label", name)

    def _sits_down(self) -> None:
        self._patch.setenv("AKSUM_OPERATOR_KEY", self.made["key"])

    def ask(self, *arguments: str) -> dict[str, Any]:
        self._sits_down()
        return self.desk.ask(*arguments)

    def refused(self, code: str, *arguments: str) -> str:
        self._sits_down()
        told = self.desk.refused(*arguments)
        assert f"({code}" in told
        return told


class Books:
    """A tenant with a customer who has 5 USDT, and one who has nothing yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.tenant_id, self.payer, self.payee = in_thread(self._open)
        self.tenant = encode_id(IdPrefix.TENANT, self.tenant_id)

    async def _open(self) -> tuple[TenantId, CustomerId, CustomerId]:
        async with open_stack(self._database) as stack:
            tenant_id = await stack.tenant()
            payer = await stack.customer(tenant_id, usdt=5)
            payee = await stack.customer(tenant_id)
            while await stack.mirror_all():
                pass
        return tenant_id, payer, payee

    def pay(self, usdt: int) -> None:
        async def work() -> None:
            async with open_stack(self._database) as stack:
                command = paying(self.tenant_id, self.payer, self.payee, usdt * 10**8)
                await stack.transfer.execute(command)

        in_thread(work)

    def account(self, desk: OperatorHere) -> dict[str, Any]:
        rows = desk.ask("ledger", "balances", "--tenant", self.tenant, "--asset", "USDT")["data"]
        owner = encode_id(IdPrefix.CUSTOMER, self.payer)
        return next(each for each in rows if each["owner"] == owner)


@pytest.fixture
def books(database_18: Database) -> Books:
    return Books(database_18)


@pytest.fixture
def desk(database_18: Database) -> OperatorHere:
    return OperatorHere(with_user(database_18.admin_url, Role.OPS))


@pytest.fixture
def abena(desk: OperatorHere, books: Books, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(desk, "Abena", monkeypatch)


@pytest.fixture
def kwame(desk: OperatorHere, books: Books, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(desk, "Kwame", monkeypatch)


def test_credit_line_is_granted_and_ended_and_the_account_closed(
    books: Books, desk: OperatorHere, abena: Person, kwame: Person
) -> None:
    account = books.account(desk)["id"]
    line = ("change", "credit-line", account, "--reason", "OPS-21: line agreed", "--line")
    proposed = abena.ask(*line, "500")
    assert (proposed["state"], proposed["line"]) == ("proposed", "500.00000000")
    waiting = kwame.ask("change", "list", "--state", "proposed")["data"]
    assert waiting == [proposed]
    abena.refused("second_operator_required", "change", "approve", proposed["id"])
    applied = kwame.ask("change", "approve", proposed["id"])
    assert (applied["proposed_by"], applied["decided_by"]) == ("Abena", "Kwame")
    assert desk.ask("change", "show", proposed["id"]) == applied
    kwame.refused("change_decided", "change", "approve", proposed["id"])
    books.pay(105)
    assert books.account(desk)["posted"] == "-100.00000000"
    abena.refused("floor_above_available", *line, "99")
    closing = abena.ask("change", "close-account", account, "--reason", "OPS-22: left")
    kwame.refused("account_not_empty", "change", "approve", closing["id"])
    rejected = abena.ask("change", "reject", closing["id"])
    assert (rejected["state"], rejected["decided_by"]) == ("rejected", "Abena")
    abena.refused("not_found", "change", "approve", NOWHERE)
    abena.refused("amount_invalid", *line, "1.123456789")
    shared = next(
        each["id"]
        for each in desk.ask("ledger", "balances", "--tenant", books.tenant)["data"]
        if each["account"] == "house_clearing"
    )
    abena.refused("account_not_strict", "change", "close-account", shared, "--reason", "x")
    assert desk.ask("ledger", "verify")["passed"] is True


def test_empty_account_is_closed_by_two(
    books: Books, desk: OperatorHere, abena: Person, kwame: Person
) -> None:
    books.pay(5)
    account = books.account(desk)["id"]
    closing = abena.ask("change", "close-account", account, "--reason", "OPS-22: left")
    assert kwame.ask("change", "approve", closing["id"])["state"] == "applied"
    line = ("change", "credit-line", account, "--line", "1", "--reason", "x")
    kwame.refused("account_closed", *line)
    assert desk.ask("ledger", "verify")["passed"] is True


def test_period_is_closed_for_good_and_then_final(
    books: Books, desk: OperatorHere, abena: Person, kwame: Person
) -> None:
    today = datetime.now(UTC).date()
    day = (today - timedelta(days=2)).isoformat()
    command = ("ledger", "close-period", "--tenant", books.tenant, "--day")
    late = abena.refused("period_not_over", *command, today.isoformat())
    assert day in late
    assert desk.ask("ledger", "periods")["data"] == []
    closed = abena.ask(*command, day, "--wait")
    assert (closed["closed_through"], closed["closed_by"], closed["final"]) == (day, "Abena", True)
    assert kwame.ask(*command, day) == closed
    earlier = (today - timedelta(days=9)).isoformat()
    assert kwame.ask(*command, earlier) == closed
    house = kwame.ask("ledger", "close-period", "--house", "--day", day, "--wait")
    assert desk.ask("ledger", "periods")["data"] == [closed, house]
    assert desk.ask("ledger", "periods", "--tenant", books.tenant)["data"] == [closed]
    assert "name a --tenant, or --house" in desk.refused(*command[:2], *command[4:], day)


def test_operator_stays_who_they_are_through_rotation_and_loss(
    desk: OperatorHere, abena: Person
) -> None:
    create = ("api-key", "create", "--operator", "--label")
    assert "operator_has_key" in desk.refused(*create, "ABENA")
    rotated = desk.ask("api-key", "rotate", abena.made["id"], "--operator")
    assert rotated["operator_id"] == abena.made["operator_id"]
    for key in (abena.made["id"], rotated["id"]):
        desk.ask("api-key", "revoke", key, "--operator")
    again = desk.ask(*create, "abena")
    assert (again["operator_id"], again["label"]) == (abena.made["operator_id"], "Abena")
    listed = desk.ask("api-key", "list", "--operator")["data"]
    assert {each["operator_id"] for each in listed} == {abena.made["operator_id"]}


@pytest.mark.parametrize("name", ["credit-lines", "closing-a-period", "operators"])
def test_commands_that_a_runbook_names_exist(desk: OperatorHere, name: str) -> None:
    named = re.findall(r"aksum((?: [a-z][a-z-]+)+)", (RUNBOOKS / f"{name}.md").read_text())
    assert named
    for words in named:
        assert desk.run(*words.split()[:2], "--help").returncode == 0, words
