"""The long run of `tests/integration/test_events_under_kills.py`, on a durable server of its own.

    python -m tests.soak.events --events 100000 --tenants 20

Ends with an error, and leaves its folder, when anything is not as it must be.
"""

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path

from adapters.postgres.embedded import EmbeddedPostgres
from tests.fixtures.postgres_servers import DURABLE, in_thread
from tests.soak.event_run import Size, soak
from tests.soak.ledger import made


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.events")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--relay-kills", type=int, default=60)
    parser.add_argument("--backend-kills", type=int, default=60)
    parser.add_argument("--held-seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    size = Size(
        events=given.events,
        tenants=given.tenants,
        relay_kills=given.relay_kills,
        backend_kills=given.backend_kills,
        held_seconds=given.held_seconds,
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


if __name__ == "__main__":
    main()
