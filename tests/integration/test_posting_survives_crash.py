"""PostgreSQL stopped at once while batches are posted: nothing told is lost, nothing done twice."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

from adapters.postgres.bootstrap import bootstrap
from adapters.postgres.embedded import EmbeddedServer
from adapters.postgres.migrate import upgrade
from adapters.postgres.roles import Role
from adapters.postgres.urls import with_database, with_user
from tests.fixtures.postgres_servers import Database, PostgresStarter
from tests.integration.direct import connected
from tests.soak.checks import check_answers, check_books, gather
from tests.soak.diary import Diary
from tests.soak.plan import Plan
from tests.soak.run import BYTES_OF_AN_ANSWER, LOOK_SECONDS, Size, prepare
from tests.soak.writer import Writer

NAME: Final = "aksum_crash"
SIZE: Final = Size(
    payments=1_500, processes=1, writers_each=8, backend_kills=0, process_kills=0, seed=3
)
# After so many bytes of answers the server is stopped.
STOPS: Final = [SIZE.payments * BYTES_OF_AN_ANSWER * part // 4 for part in (1, 2, 3)]
SETTINGS: Final = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"


async def test_server_stopped_at_once_loses_nothing_it_acknowledged(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    """The writers go on as clients do: they ask again under the same keys until they are told."""
    postgres = start_postgres(durable=True)
    server = await postgres.start()
    database = await migrated(server)
    plan = await prepare(database, SIZE)
    async with connected(database.admin_url) as admin:
        assert list(await admin.fetchrow(SETTINGS)) == ["on", "on"]
    file = tmp_path / "diary"
    writing = asyncio.ensure_future(write_all(plan, file))
    for stop in STOPS:
        while file_size(file) < stop:
            assert not writing.done()
            await asyncio.sleep(LOOK_SECONDS)
        os.kill(server.pid, signal.SIGQUIT)
        await postgres.wait()
        server = await postgres.start()
        assert with_database(server.admin_url, NAME) == database.admin_url
    await writing

    async with connected(database.admin_url) as admin:
        run = gather(plan, [file])
        assert run.resent >= len(STOPS)
        await check_books(admin)
        await check_answers(admin, plan, run)


async def migrated(server: EmbeddedServer) -> Database:
    url = with_database(server.admin_url, NAME)
    await bootstrap(url, {role: with_user(url, role) for role in Role})
    await upgrade(url)
    return Database(name=NAME, admin_url=url)


async def write_all(plan: Plan, file: Path) -> None:
    with Diary(file) as diary:
        async with Writer(plan, diary, done=set()) as writer, asyncio.TaskGroup() as tasks:
            for number in plan.slots(0):
                tasks.create_task(writer.write(number))


def file_size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
