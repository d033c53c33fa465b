"""Every kind of damage to the ledger is named by its verification, and health is not.

The damage is done as a superuser with the triggers switched off, in a transaction that the audit
reads in too and that is rolled back: one history serves all cases.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from asyncpg import Connection

from adapters.postgres.audit_sql import CHECKS
from tests.fixtures.postgres_servers import Server, in_thread
from tests.integration.audited_history import (
    History,
    damaged,
    found_by,
    live,
    tampering,
    verify,
)
from tests.integration.derived_damage import DERIVED_DAMAGE
from tests.integration.ledger_damage import DAMAGE

ONE_LOOP: Final = pytest.mark.asyncio(loop_scope="module")
RUNBOOK: Final = Path(__file__).parents[2] / "docs/runbooks/ledger-verification-failed.md"
# Compared by the use case itself, from the totals of each account.
SUMS: Final = {
    "asset_sums_to_zero",
    "balance_equals_entries",
    "clearing_pair_nets_to_zero",
    "held_equals_holds",
    "not_below_floor",
}
ALL: Final = {**DAMAGE, **DERIVED_DAMAGE}


@pytest.fixture(scope="module")
def history(postgres_server: Server) -> Iterator[History]:
    made = postgres_server.create_database()
    yield in_thread(lambda: live(made))
    postgres_server.drop_database(made.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tamper(history: History) -> AsyncIterator[Connection]:
    async with tampering(history) as connection:
        yield connection


@ONE_LOOP
@pytest.mark.parametrize("full", [False, True])
async def test_healthy_history_has_no_findings(history: History, *, full: bool) -> None:
    async with tampering(history) as connection:
        verification = await verify(connection, full=full)
    assert verification.findings == ()
    assert 0 < verification.entries_read <= verification.entries
    assert (verification.entries_read == verification.entries) is full


@ONE_LOOP
@pytest.mark.parametrize("damage", ALL)
async def test_damage_to_what_is_new_is_named(
    history: History, tamper: Connection, damage: str
) -> None:
    case = ALL[damage]
    async with damaged(tamper, case.statement, history.since):
        assert await found_by(tamper, full=False) == case.above


@ONE_LOOP
@pytest.mark.parametrize("damage", ALL)
async def test_damage_to_what_was_verified_is_named_by_a_full_run(
    history: History, tamper: Connection, damage: str
) -> None:
    case = ALL[damage]
    async with damaged(tamper, case.statement, history.verified):
        assert await found_by(tamper, full=False) == case.below
        full = await found_by(tamper, full=True)
    assert full == (case.above if case.full is None else case.full)


def test_every_check_has_found_something() -> None:
    named = set().union(*(case.above for case in ALL.values()))
    assert named == CHECKS.keys() | SUMS


def test_runbook_explains_every_check() -> None:
    explained = set(re.findall(r"`([a-z_]+)`", RUNBOOK.read_text()))
    assert {*CHECKS, *SUMS} - explained == set()
