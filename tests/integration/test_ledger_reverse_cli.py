"""`aksum ledger reverse` as an operator runs it."""

from decimal import Decimal

import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from application.ports.ledger_history import StatementRange
from domain.shared.ids import IdPrefix, encode_id
from tests.fixtures.postgres_servers import Database, in_thread
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import open_stack

NOTHING = "txn_01m82eacxcejdbrs1n8gbfm59d"


async def deposited(database: Database) -> str:
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        customer_id = await stack.customer(tenant_id, usdt=5)
        while await stack.mirror_all():
            pass
        async with stack.uow.begin(tenant_id) as tx:
            (view,) = await tx.accounts.of_customer(customer_id)
            (statement,) = await tx.history.statement(view.account.id, StatementRange(), limit=1)
        return encode_id(IdPrefix.TRANSACTION, statement.entry.transaction_id)


async def follow(database: Database) -> None:
    async with open_stack(database) as stack:
        while await stack.mirror_all():
            pass


def test_deposit_is_taken_back_in_both_books(
    database_18: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction = in_thread(lambda: deposited(database_18))
    operator = OperatorHere(with_user(database_18.admin_url, Role.OPS))
    command = ("ledger", "reverse", transaction, "--reason", "OPS-17: credited twice")
    assert "AKSUM_OPERATOR_KEY" in operator.refused(*command)
    key = operator.ask("api-key", "create", "--operator", "--label", "Abena")["key"]
    monkeypatch.setenv("AKSUM_OPERATOR_KEY", key)
    keyed = (*command, "--idempotency-key", "k")
    done = operator.ask(*keyed)
    assert (done["reverses"], done["house_follows"], done["replayed"]) == (transaction, True, False)
    assert operator.ask(*keyed) == {**done, "replayed": True}
    again = operator.refused(*command)
    assert "original_reversed" in again
    assert done["id"] in again
    assert operator.ask("ledger", "verify")["open_mirrors"] == 1
    in_thread(lambda: follow(database_18))
    verified = operator.ask("ledger", "verify")
    assert (verified["passed"], verified["open_mirrors"]) == (True, 0)
    balances = operator.ask("ledger", "balances")["data"]
    assert {Decimal(each["posted"]) for each in balances} == {0}
    assert "not_reversible" in operator.refused(*command[:2], done["id"], *command[3:])
    assert "original_not_found" in operator.refused(*command[:2], NOTHING, *command[3:])
