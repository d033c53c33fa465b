"""A dump restored into another server: its seals verify there, and sealing goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.postgres.bootstrap import bootstrap, configure_database
from adapters.postgres.embedded_files import embedded_programs
from adapters.postgres.urls import with_database
from tests.contract.transfers import move
from tests.fixtures.postgres_servers import (
    EMBEDDED,
    EMBEDDED_VERSIONS,
    Database,
    PostgresStarter,
    ServerPool,
    oldest_programs,
)
from tests.integration.direct import connected
from tests.integration.sealing import BLOCK, Sealing, name, open_sealing


@pytest.fixture(params=EMBEDDED_VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def here(version: str, postgres_pool: ServerPool, tmp_path: Path) -> AsyncIterator[Sealing]:
    server = postgres_pool.get(version)
    made = server.create_database()
    async with open_sealing(made, tmp_path) as opened:
        yield opened
    server.drop_database(made.name)


async def run(programs: Path, *command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        programs / command[0], *command[1:], stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


async def restored(dump: Path, version: str, start: PostgresStarter) -> Database:
    programs = embedded_programs() if version == EMBEDDED else oldest_programs()
    assert programs is not None
    server = await start(version=version).start()
    url = with_database(server.admin_url, "aksum")
    await bootstrap(url)
    async with connected(url) as admin:
        await admin.execute("DROP SCHEMA aksum CASCADE")
    await run(programs, "pg_restore", "--exit-on-error", f"--dbname={url}", str(dump))
    async with connected(url) as admin:
        await configure_database(admin)
    return Database(name="aksum", admin_url=url)


async def test_dump_restored_into_another_server_verifies_and_seals_on(
    here: Sealing, version: str, start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    payer, moved = await here.sealed(2 * BLOCK)
    unsealed = here.world.moving(payer.usdt, payer.other, 1)
    await move(here.world, payer, unsealed)
    programs = embedded_programs() if version == EMBEDDED else oldest_programs()
    assert programs is not None
    dump = tmp_path / "dump"
    url = here.database.admin_url
    await run(programs, "pg_dump", "--format=custom", f"--file={dump}", f"--dbname={url}")
    database = await restored(dump, version, start_postgres)

    async with open_sealing(database, tmp_path) as there:
        before = await there.verified(payer.tenant_id)
        assert (before.findings, before.transactions_read) == ((), before.transactions)
        proof = await there.prove.execute(payer.tenant_id, moved[0].id)
        assert proof == await here.prove.execute(payer.tenant_id, moved[0].id)

        await move(there.world, payer, there.world.moving(payer.usdt, payer.other, 1))
        assert await there.seal(payer.tenant_id)

        later = await there.prove.execute(payer.tenant_id, unsealed.id)
        assert later.transaction.header["id"] == str(unsealed.id)
        after = await there.verified(payer.tenant_id)
        assert (after.findings, after.transactions) == ((), before.transactions + 2)
        await there.tamper(
            "UPDATE ledger_entries SET units = units * 2 "
            "WHERE tenant_id = $1 AND transaction_id = $2",
            payer.tenant_id,
            moved[3].id,
        )
        (found,) = (await there.verified(payer.tenant_id)).findings
        assert name(moved[3]) in found.subject
