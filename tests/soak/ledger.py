"""The long run of `tests/integration/test_ledger_under_kills.py`, on a durable server of its own.

    python -m tests.soak.ledger --transfers 200000

Ends with an error, and leaves its folder, when anything is not as it must be.
"""

import argparse
import asyncio
import shutil
import tempfile
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.ledger")
    parser.add_argument("--transfers", type=int, default=200_000)
    parser.add_argument("--backend-kills", type=int, default=300)
    parser.add_argument("--process-kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    size = Size(
        payments=given.transfers,
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


async def made(postgres: EmbeddedPostgres) -> Database:
    server = await postgres.start()
    url = with_database(server.admin_url, NAME)
    await bootstrap(url, {role: with_user(url, role) for role in Role})
    await upgrade(url)
    return Database(name=NAME, admin_url=url)


if __name__ == "__main__":
    main()
