"""A relay in a process of its own, to be killed.

python -m tests.soak.event_relay URL FOLDER_OF_CRASH_POINTS
"""

import asyncio
import sys
from typing import Final

from adapters.postgres.connection import create_pool
from adapters.postgres.due_work import PostgresDueWork
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.events.relay_events import RelayEvents
from entrypoints.wiring.crash import arm
from entrypoints.worker.endurance import survives

APPLICATION: Final = "soak-relay"
PASS_EVERY_SECONDS: Final = 0.02


async def main(url: str, armory: str) -> None:
    arm(f"@{armory}")
    async with await create_pool(url, size=2, application_name=APPLICATION) as pool:
        uow = PostgresUnitOfWork(main=pool, record=pool, known=KnownAccounts())
        relay = RelayEvents(uow=uow, due=PostgresDueWork(pool))
        while True:
            await survives("relaying", relay.execute())
            await asyncio.sleep(PASS_EVERY_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
