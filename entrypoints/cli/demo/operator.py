"""An operator's commands, run as an operator runs them: as processes of their own."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from entrypoints.cli.demo.client import Unexpected

T = TypeVar("T")

ROOT: Final = Path(__file__).resolve().parents[3]
ANSWER_WITHIN: Final = timedelta(seconds=30)
SHOWN_LINES: Final = 8


def clean_environment() -> dict[str, str]:
    """Ours without any setting of Aksum's: the demo must touch no database but its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AKSUM_")}
    return {**inherited, "PYTHONPATH": str(ROOT)}


def aksum(*words: str) -> tuple[str, ...]:
    # -P: the code comes from this checkout, whatever the folder we were called in.
    return (sys.executable, "-P", "-m", "entrypoints.cli", *words)


class Operator:
    def __init__(self, database_url: str) -> None:
        self._environment: Mapping[str, str] = {
            **clean_environment(),
            "AKSUM_DATABASE_URL": database_url,
        }

    async def ask(self, *words: str, shape: type[T]) -> T:
        """What `aksum WORDS --json` says. Raises `Unexpected` when it exits other than with 0."""
        process = await asyncio.create_subprocess_exec(
            *aksum(*words, "--json"),
            env=self._environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,  # Ctrl-C is the demo's to handle
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            lines = (errors or output).decode(errors="replace").splitlines()[-SHOWN_LINES:]
            said = "\n".join(lines)
            raise Unexpected(f"aksum {' '.join(words)} exited {process.returncode}:\n{said}")
        return msgspec.json.decode(output, type=shape)
