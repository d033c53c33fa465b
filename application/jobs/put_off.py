"""What becomes of work that fails in a way nobody foresaw, and of work that is broken off."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from application import crash_points
from application.jobs.work_policy import WORK
from application.ports.clock import Clock
from application.ports.intents import Intent
from application.ports.unit_of_work import UnitOfWork
from domain.jobs.retry import pause_after

REASON_MAX: Final = 200

_log = logging.getLogger(__name__)


async def put_off(uow: UnitOfWork, clock: Clock, intent: Intent, error: Exception) -> bool:
    """Gives the lease back with the reason, to pause ever longer. True when it parks the work.

    `intent.attempts` counts the leases since anything was last recorded of the work.
    """
    pause = pause_after(WORK[intent.kind].retry, failures=intent.attempts, subject=intent.subject)
    reason = _reason(error)
    async with uow.begin(intent.tenant_id) as tx:
        if pause is None:
            held = await tx.intents.park(intent, error=reason)
        else:
            held = await tx.intents.postpone(intent, until=clock.now() + pause, error=reason)
        if held:
            if crash_points.armed:
                await crash_points.reach(crash_points.PUT_OFF_BEFORE_COMMIT)
            await tx.commit()
    if crash_points.armed:
        await crash_points.reach(crash_points.PUT_OFF_COMMITTED)
    return held and pause is None


async def give_back(uow: UnitOfWork, intents: Sequence[Intent]) -> None:
    """For a process that has to stop: others may go on at once. What fails here, time mends."""
    await asyncio.shield(_give_back(uow, intents))


async def _give_back(uow: UnitOfWork, intents: Sequence[Intent]) -> None:
    for intent in intents:
        try:
            async with uow.begin(intent.tenant_id) as tx:
                if await tx.intents.give_back(intent):
                    await tx.commit()
        except Exception:  # noqa: BLE001 - its lease ends by itself
            _log.warning("the lease of %s %s was not given back", intent.kind, intent.subject)


def _reason(error: Exception) -> str:
    """The first line: what follows in a database's error are values of rows."""
    first = f"{type(error).__name__}: {error}".partition("\n")[0][:REASON_MAX]
    return "".join(each if each.isprintable() else "?" for each in first)
