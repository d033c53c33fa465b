"""The operator's own check of the books, as a process."""

import asyncio
import os
import sys

from entrypoints.cli.sandbox.child import ROOT
from entrypoints.wiring.bench import DATABASE_URL


async def ledger_verifies(database_url: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "entrypoints.cli", "ledger", "verify", "--json"),
        env={**os.environ, "PYTHONPATH": str(ROOT), DATABASE_URL: database_url},
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait() == 0
