"""`aksum lp routes`: what holds, how it is changed, and what is refused."""

import pytest

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from domain.liquidity.routing import AskMode, RoutingPolicy
from tests.fixtures.postgres_servers import Database, in_thread
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import BACKUP, PRIMARY, open_stack

SYMBOL = "BTC-USDT"
SET = ("lp", "routes", "set", SYMBOL)


async def seeded(database: Database) -> None:
    """An instrument and two LPs."""
    async with open_stack(database) as stack:
        await stack.tenant()


async def in_force(database: Database) -> RoutingPolicy | None:
    async with open_stack(database) as stack:
        return (await stack.platform.view()).routes.get(SYMBOL)


def test_route_is_changed_by_an_operator_and_every_change_stays_on_record(
    database_18: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_thread(lambda: seeded(database_18))
    operator = OperatorHere(with_user(database_18.admin_url, Role.OPS))
    change = (*SET, BACKUP, PRIMARY, "--reason", "cheaper there")
    assert "AKSUM_OPERATOR_KEY" in operator.refused(*change)
    key = operator.ask("api-key", "create", "--operator", "--label", "Abena")["key"]
    monkeypatch.setenv("AKSUM_OPERATOR_KEY", key)

    best = ("--mode", "best_of", "--at-once", "3", "--hedge-after-ms", "120")
    made = operator.ask(*change, *best)
    assert (made["version"], made["by"], made["lps"]) == (1, "Abena", f"{BACKUP} {PRIMARY}")
    assert in_thread(lambda: in_force(database_18)) == RoutingPolicy(
        BACKUP, (PRIMARY,), mode=AskMode.BEST_OF, at_once=3, hedge_after_ms=120
    )
    (row,) = operator.ask("lp", "routes", "show")["data"]
    assert (row["instrument"], row["mode"], row["at_once"]) == (SYMBOL, "best_of", 3)

    operator.ask(*SET, "--default", "--reason", "back to normal")
    assert in_thread(lambda: in_force(database_18)) is None
    (row,) = operator.ask("lp", "routes", "show")["data"]
    assert (row["lps"], row["by"]) == (f"{PRIMARY} {BACKUP}", "order for all")
    history = operator.ask("lp", "routes", "show", SYMBOL)["data"]
    assert [(each["version"], each["reason"]) for each in history] == [
        (1, "cheaper there"),
        (2, "back to normal"),
    ]

    for wrong, told in (
        ((*SET, "nobody", "--reason", "r"), "no such liquidity provider"),
        (("lp", "routes", "set", "NO-SUCH", PRIMARY, "--reason", "r"), "no such instrument"),
        ((*SET, PRIMARY, PRIMARY, "--reason", "r"), "named twice"),
        ((*SET, "--reason", "r"), "--default"),
        ((*SET, PRIMARY, "--default", "--reason", "r"), "--default"),
        ((*SET, PRIMARY), "--reason"),
        ((*SET, PRIMARY, "--reason", "r", "--hedge-after-ms", "1"), "10<=x<=10000"),
        (("lp", "routes", "show", "NO-SUCH"), "no such instrument"),
    ):
        assert told in operator.refused(*wrong)
    assert len(operator.ask("lp", "routes", "show", SYMBOL)["data"]) == 2
