"""The runbooks of providers' capacity and of settlements, rehearsed as operators follow them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from adapters.postgres.roles import Role
from adapters.postgres.urls import with_user
from application.errors import IdempotencyKeyReused
from application.liquidity.place_with_lp import NotPrefunded, PlaceCommand, PlaceWithLp
from domain.liquidity.exposure import LpTerms
from domain.shared.money import AmountInvalid
from tests.fixtures.postgres_servers import Database, in_thread
from tests.integration.operator_process import OperatorHere
from tests.integration.stack import BACKUP, PRIMARY, USDT, open_stack
from tests.integration.test_lp_settlement import Desk, post_trade
from tests.integration.test_operators_runbooks import Person

RUNBOOKS = Path(__file__).parents[2] / "docs/runbooks"
T = TypeVar("T")


@pytest.fixture
def operators(database_18: Database) -> OperatorHere:
    return OperatorHere(with_user(database_18.admin_url, Role.OPS))


def on(database: Database, work: Callable[[Desk], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_stack(database) as stack:
            stack.lps[PRIMARY] = post_trade(stack)
            return await work(Desk(stack))

    return in_thread(run)


async def traded(desk: Desk) -> None:
    await desk.settle.open_missing()
    await desk.trade()
    await desk.closed()


async def reconciled(desk: Desk) -> None:
    await desk.reconciled(desk.stack.clock.now())


def test_settlement_is_agreed_and_paid_by_two(
    database_18: Database, operators: OperatorHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(database_18, listed)
    for asset in ("USDT", "BTC"):
        operators.ask(
            *("lp", "terms", PRIMARY, asset, "--limit", "1000000", "--reason", "OPS-31: agreed")
        )
    abena, kwame = (Person(operators, name, monkeypatch) for name in ("Abena", "Kwame"))
    on(database_18, traded)
    found = operators.ask("settlement", "list", "--state", "open")["data"]
    known = {each["asset"]: each["id"] for each in found}
    owing, owed = known["USDT"], known["BTC"]

    frozen = abena.ask("settlement", "freeze", owing)
    assert (frozen["state"], frozen["net"]) == ("frozen", "-500.00000000")
    assert abena.ask("settlement", "freeze", owed)["net"] == "0.01000000"
    says = ("--amount", "-500.00", "--ref", "their file")
    abena.refused("settlement_not_reconciled", "settlement", "confirm", owing, *says)
    on(database_18, reconciled)
    other = abena.ask("settlement", "confirm", owing, "--amount", "-499.99", "--ref", "draft")
    assert (other["state"], other["difference"]) == ("disputed", "0.01000000")
    abena.ask("settlement", "dispute", owing, "--over", "--reason", "OPS-40: new statement")
    assert abena.ask("settlement", "confirm", owing, *says)["state"] == "confirmed"
    abena.ask("settlement", "confirm", owed, "--amount", "0.01", "--ref", "their file")

    pay = ("settlement", "pay", owing, "--amount", "500.00", "--ref", "WIRE-7")
    abena.refused("settlement_pays_later", *pay)
    got = abena.ask("settlement", "settle", owed, "--amount", "0.01", "--ref", "TX-1")
    assert got["state"] == "settled"
    assert abena.ask(*pay)["proposed_by"] == "Abena"
    abena.refused("second_operator_required", *pay, "--approve")
    done = kwame.ask(*pay, "--approve")
    assert (done["state"], done["left"]) == ("settled", "0.00000000")
    kwame.refused("settlement_not_ready", *pay, "--approve")
    steps = operators.ask("settlement", "show", owing)["steps"]
    assert [each["by"] for each in steps] == [None, *["Abena"] * 5, "Kwame"]
    posted = operators.ask("ledger", "show", steps[-1]["transaction"])
    assert "lp_settlement_paid" in str(posted)


def test_low_water_is_seen_and_ends_with_a_higher_limit(
    database_18: Database, operators: OperatorHere, tmp_path: Path
) -> None:
    on(database_18, listed)
    assert operators.run("lp", "exposure").returncode == 0
    terms = ("lp", "terms", PRIMARY, "USDT", "--low-water", "600", "--reason", "OPS-31", "--limit")
    operators.ask(*terms, "1000")
    on(database_18, traded)
    on(database_18, refilled)
    low = operators.run("lp", "exposure")
    assert low.returncode == 1
    assert "low" in low.stdout
    (seen,) = operators.ask(*terms, "5000")["data"]
    assert (seen["limit"], seen["low_water"]) == ("5000.00000000", "600.00000000")
    on(database_18, refilled)
    (row,) = operators.ask("lp", "exposure")["data"]
    assert (row["level"], row["balance"], row["available"]) == (
        "ok",
        "-500.00000000",
        "4500.00000000",
    )
    gauges = tmp_path / "lp.prom"
    assert operators.run("lp", "exposure", "--metrics", str(gauges)).returncode == 0
    assert f'aksum_lp_available{{asset="USDT",lp="{PRIMARY}"}} 4500.0' in gauges.read_text()


def test_money_that_was_moved_is_booked_with_who_holds_it(database_18: Database) -> None:
    on(database_18, moved)


def test_runbooks_name_commands_that_there_are(operators: OperatorHere) -> None:
    for page in ("lp-low-water.md", "settling-with-a-provider.md"):
        text = (RUNBOOKS / page).read_text(encoding="utf-8")
        for line in text.splitlines():
            words = line.strip().split()
            if words[:1] == ["aksum"]:
                assert operators.run(*words[1:3], "--help").returncode == 0, line


async def listed(desk: Desk) -> None:
    """Opening the stack lists assets and providers; the house comes with the first tenant."""
    await desk.stack.tenant()


async def refilled(desk: Desk) -> None:
    await desk.stack.refill.execute()


async def moved(desk: Desk) -> None:
    stack = desk.stack
    await stack.tenant()
    place = PlaceWithLp(
        uow=stack.ops_uow,
        platform=stack.platform,
        providers=stack.lps,
        clock=stack.clock,
        ids=stack.ids,
    )
    there = PlaceCommand(lp=BACKUP, asset="USDT", units=50, reference="move 1")
    placed = await place.execute(there)
    assert await place.execute(there) == placed
    with pytest.raises(IdempotencyKeyReused):
        await place.execute(replace(there, units=51))
    back = PlaceCommand(lp=BACKUP, asset="USDT", units=-20, reference="move 2")
    await place.execute(back)
    await stack.capacities.agree(LpTerms(lp=BACKUP, asset=USDT.code), reason="test")
    (seen,) = await stack.refill.execute()
    assert seen.balance_units == 30
    with pytest.raises(AmountInvalid):
        await place.execute(PlaceCommand(lp=BACKUP, asset="USDT", units=0, reference="nothing"))
    with pytest.raises(NotPrefunded):
        await place.execute(PlaceCommand(lp=PRIMARY, asset="USDT", units=1, reference="move 3"))
