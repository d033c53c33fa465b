"""Two people at the keyboard end an order: who agrees has to say to what."""

import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from domain.shared.ids import IdPrefix, encode_id
from tests.fixtures.postgres_servers import Database, in_thread
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import open_stack
from tests.integration.test_operators_runbooks import Person
from tests.integration.test_resolve_by_hand import a_desk

AS_FILLED = ("--lp-execution-id", "x-1", "--base", "0.01", "--quote", "499")


@pytest.fixture
def operators(database_18: Database) -> OperatorHere:
    return OperatorHere(with_user(database_18.admin_url, Role.OPS))


def in_review(database: Database) -> str:
    async def opened() -> str:
        async with open_stack(database) as stack:
            return encode_id(IdPrefix.ORDER, (await a_desk(stack)).order.id)

    return in_thread(opened)


def test_proposal_that_is_named_is_done_and_no_other(
    database_18: Database, operators: OperatorHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, another = in_review(database_18), in_review(database_18)
    ama, kwame = (Person(operators, name, monkeypatch) for name in ("Ama", "Kwame"))

    def proposed(about: str, outcome: str, *more: str) -> str:
        words = ("--as", outcome, "--evidence", "their mail", *more)
        return str(ama.ask("order", "resolve", about, *words)["proposal"])

    looked_at = proposed(order, "rejected")
    # Proposed after the second operator had looked.
    proposed(order, "filled", *AS_FILLED)
    elsewhere = proposed(another, "rejected")
    kwame.refused("not_found", "order", "resolve", order, "--approve", elsewhere)
    ama.refused("second_operator_required", "order", "resolve", order, "--approve", looked_at)
    done = kwame.ask("order", "resolve", order, "--approve", looked_at)
    assert done["status"] == "rejected"
    kwame.refused("change_decided", "order", "resolve", order, "--approve", looked_at)
