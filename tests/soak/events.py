"""The long run of `tests/integration/test_events_under_kills.py`, on a durable server of its own.

    ./dev soak events --events 100000 --tenants 20

Ends with an error, and leaves its folder, when anything is not as it must be.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adapters.postgres.embedded import EmbeddedPostgres
from tests.fixtures.postgres_servers import DURABLE, in_thread
from tests.soak.event_run import Size, soak
from tests.soak.ledger import made

# What two cores do, with relays killed all the time.
EVENTS_A_MINUTE: Final = 20_000


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="./dev soak events")
    parser.add_argument("--minutes", type=float, help="about so long, instead of --events")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--relay-kills", type=int, default=60)
    parser.add_argument("--backend-kills", type=int, default=60)
    parser.add_argument("--held-seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    size = Size(
        events=int(given.minutes * EVENTS_A_MINUTE) if given.minutes else given.events,
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
