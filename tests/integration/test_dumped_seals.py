"""A dump restored into another server: it verifies there, and is sealed and folded on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters.postgres.bootstrap import bootstrap, configure_database
from adapters.postgres.embedded_files import embedded_programs
from adapters.postgres.urls import with_database
from application.ledger.verify_ledger import VerifyLedger
from application.ports.ledger_history import BookedBy
from domain.shared.ids import AccountId, TenantId
from tests.contract.world import USDT
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
from tests.soak.history import REPLAYED

MANY = 1_000


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


async def folded(sealing: Sealing, tenant_id: TenantId) -> datetime:
    """Until when, with nothing left of what is booked by now."""
    await sealing.close()
    closed_until = await sealing.world.ports.ledger_clock.closed_until()
    assert closed_until is not None
    async with sealing.world.ports.worker_uow.begin(tenant_id) as tx:
        folded = await tx.folds.fold(closed_until, transactions_min=1, transactions_max=MANY)
        await tx.commit()
    assert folded is not None
    assert folded.until == closed_until
    return closed_until


async def posted(sealing: Sealing, tenant_id: TenantId, at: datetime) -> dict[UUID, int]:
    """Of every account at that time, which is also what adding its entries up gives."""
    async with connected(sealing.database.admin_url) as admin:
        rows = await admin.fetch(REPLAYED, tenant_id, at)
    replayed = {row["id"]: int(row["units"]) for row in rows}
    async with sealing.world.ports.uow.begin(tenant_id) as tx:
        wanted = [AccountId(each) for each in replayed]
        assert await tx.history.posted(wanted, BookedBy(at)) == replayed
    return replayed


async def test_dump_restored_into_another_server_verifies_seals_and_folds_on(
    here: Sealing, version: str, start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    payer, moved = await here.sealed(2 * BLOCK)
    folded_until = await folded(here, payer.tenant_id)
    unsealed = await here.world.deposit(payer, USDT, 70)
    dumped_at = here.world.now
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

        await there.world.deposit(payer, USDT, 7)
        assert await there.seal(payer.tenant_id)

        later = await there.prove.execute(payer.tenant_id, unsealed.id)
        assert later.transaction.header["id"] == str(unsealed.id)
        after = await there.verified(payer.tenant_id)
        assert (after.findings, after.transactions) == ((), before.transactions + 2)

        then, now = dumped_at, there.world.now
        before_folding = [await posted(there, payer.tenant_id, at) for at in (then, now)]
        assert before_folding[0] == await posted(here, payer.tenant_id, then)
        assert before_folding[1] != before_folding[0]
        assert await folded(there, payer.tenant_id) > max(folded_until, then)
        assert [await posted(there, payer.tenant_id, at) for at in (then, now)] == before_folding
        verified = await VerifyLedger(audit=there.world.ports.ledger_audit).execute()
        assert verified.findings == ()

        await there.tamper(
            "UPDATE ledger_entries SET units = units * 2 "
            "WHERE tenant_id = $1 AND transaction_id = $2",
            payer.tenant_id,
            moved[3].id,
        )
        (found,) = (await there.verified(payer.tenant_id)).findings
        assert name(moved[3]) in found.subject
