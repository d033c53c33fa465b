"""The runbook of a restore, rehearsed as an operator follows it."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.postgres.embedded_files import embedded_programs
from adapters.postgres.roles import Role
from adapters.postgres.urls import with_database, with_user
from tests.fixtures.postgres_servers import Database, Server
from tests.integration.direct import connected
from tests.integration.operator_process import Operator

RUNBOOK = Path(__file__).parents[2] / "docs/runbooks/restoring-a-dump.md"
RESTORED = "restored_from_a_dump"


@pytest.fixture
def restored(postgres_18: Server) -> Iterator[str]:
    yield with_database(postgres_18.admin_url, RESTORED)
    postgres_18.drop_database(RESTORED)


async def create(url: str) -> None:
    async with connected(with_database(url, "postgres")) as admin:
        await admin.execute(
            f"CREATE DATABASE {RESTORED} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        )


def run(*command: str) -> None:
    programs = embedded_programs()
    assert programs is not None
    subprocess.run([str(programs / command[0]), *command[1:]], check=True, capture_output=True)


def test_restored_dump_says_what_it_lacks_and_works_after_migrate(
    database_18: Database, restored: str, tmp_path: Path
) -> None:
    dump = str(tmp_path / "dump")
    run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={database_18.admin_url}")
    asyncio.run(create(restored))
    run("pg_restore", "--exit-on-error", f"--dbname={restored}", dump)
    operator = Operator(with_user(restored, Role.OPS))
    for command in (("ledger", "verify"), ("ledger", "balances")):
        assert "run `aksum migrate`" in operator.refused(*command)
    migrated = Operator(restored).run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert operator.ask("ledger", "verify", "--full")["passed"]


def test_runbook_has_the_steps_in_this_order() -> None:
    text = RUNBOOK.read_text()
    steps = ("createdb", "pg_restore --exit-on-error", "    aksum migrate", "verify --full")
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
