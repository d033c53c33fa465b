"""The long run of `tests/integration/test_ledger_under_kills.py`, on a durable server of its own.

    ./dev soak ledger --transfers 200000

Ends with an error, and leaves its folder, when anything is not as it must be.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adapters.postgres.bootstrap import bootstrap
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import upgrade
from adapters.postgres.roles import Role
from adapters.postgres.urls import with_database, with_user
from tests.fixtures.postgres_servers import DURABLE, Database, in_thread
from tests.soak.run import Size, soak

NAME: Final = "aksum_soak"
PROCESSES: Final = 4
WRITERS_EACH: Final = 8
# What two cores do, with writers killed all the time.
TRANSFERS_A_MINUTE: Final = 20_000


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="./dev soak ledger")
    parser.add_argument("--minutes", type=float, help="about so long, instead of --transfers")
    parser.add_argument("--transfers", type=int, default=200_000)
    parser.add_argument("--backend-kills", type=int, default=300)
    parser.add_argument("--process-kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    size = Size(
        payments=_transfers(given.minutes) if given.minutes else given.transfers,
        processes=PROCESSES,
        writers_each=WRITERS_EACH,
        backend_kills=given.backend_kills,
        process_kills=given.process_kills,
        seed=given.seed,
    )
    folder = Path(tempfile.mkdtemp(prefix="aksum-soak-"))
    print(f"in {folder}", flush=True)
    postgres = EmbeddedPostgres(folder / "postgres", DURABLE)
    try:
        database = in_thread(lambda: made(postgres))
        print(asyncio.run(soak(database, folder, size)).table())
    finally:
        in_thread(postgres.stop)
    shutil.rmtree(folder)


def _transfers(minutes: float) -> int:
    return max(PROCESSES, int(minutes * TRANSFERS_A_MINUTE))


async def made(postgres: EmbeddedPostgres) -> Database:
    server = await postgres.start()
    url = with_database(server.admin_url, NAME)
    await bootstrap(url, {role: with_user(url, role) for role in Role})
    await upgrade(url)
    return Database(name=NAME, admin_url=url)
