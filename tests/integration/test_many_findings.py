"""What an operator is shown when much is wrong at once."""

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from application.ledger.findings import SHOWN_MAX
from tests.contract.conftest import make_postgres_ports
from tests.contract.transfers import moving
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database, in_thread
from tests.integration.direct import connected
from tests.integration.operator_process import Operator

PARTIES = SHOWN_MAX // 2


async def much_is_wrong(database: Database) -> None:
    async with make_postgres_ports(database) as ports:
        world = World(ports)
        await world.prepare()
        for _ in range(PARTIES):
            await moving(world, 1)
    async with connected(database.admin_url) as admin, admin.transaction():
        for table in ("ledger_entries", "ledger_balances"):
            await admin.execute(f"ALTER TABLE aksum.{table} DISABLE TRIGGER USER")
        await admin.execute("UPDATE aksum.ledger_balances SET credits = credits + 1")
        await admin.execute(
            "UPDATE aksum.ledger_entries SET units = units + 1 WHERE (transaction_id, leg) = ("
            "SELECT transaction_id, leg FROM aksum.ledger_entries ORDER BY 1, 2 LIMIT 1)"
        )


def test_gravest_is_shown_though_everything_is_wrong(database_18: Database) -> None:
    in_thread(lambda: much_is_wrong(database_18))
    operator = Operator(with_user(database_18.admin_url, Role.OPS))
    done = operator.run("ledger", "verify")
    assert done.returncode == 1
    assert "more not shown" in done.stdout
    for check in ("asset_sums_to_zero: 1", "transaction_balances: 1", "balance_equals_entries: "):
        assert check in done.stdout
    subjects = [line.split() for line in done.stdout.splitlines()]
    shown = {words[0]: words[2] for words in subjects if len(words) > 3}
    assert shown["transaction_balances"].startswith("txn_")
    assert shown["balance_equals_entries"].startswith("acc_")
    # The id is one that is found; what cannot be built is not shown, and why is said.
    refusal = operator.refused("ledger", "show", shown["transaction_balances"])
    assert "transaction_unbalanced" in refusal
