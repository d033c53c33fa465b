"""How a process that must go on handles what fails, and how it waits."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import timedelta

_log = logging.getLogger(__name__)


async def survives(what: str, work: Awaitable[object]) -> bool:
    """False when `work` failed, which is logged: the caller tries again later.

    Nothing is lost by that. What was to be done stands in the database, under a lease that ends.
    """
    try:
        await work
    except Exception:  # noqa: BLE001 - see above
        _log.exception("%s failed", what)
        return False
    return True


async def sleep_unless(stopping: asyncio.Event, pause: timedelta) -> None:
    """Sleeps for `pause`, but not on after the process was told to stop."""
    try:
        async with asyncio.timeout(pause.total_seconds()):
            await stopping.wait()
    except TimeoutError:
        return
