"""What becomes of work that fails in a way nobody foresaw: later again, and in the end a person."""

from datetime import timedelta
from typing import Final

from application import crash_points
from application.ports.clock import Clock
from application.ports.intents import Intent
from application.ports.unit_of_work import UnitOfWork
from domain.liquidity.resolution import next_look

# With the pauses between them a quarter of an hour: longer than any failure that mends itself.
FAILURES_MAX: Final = 20
REASON_MAX: Final = 200


async def put_off(uow: UnitOfWork, clock: Clock, intent: Intent, error: Exception) -> bool:
    """Gives the lease back with the reason, to pause ever longer. True when it parks the work.

    `intent.attempts` counts the leases since anything was last recorded of the work.
    """
    reason = _reason(error)
    async with uow.begin(intent.tenant_id) as tx:
        if intent.attempts >= FAILURES_MAX:
            held = await tx.intents.park(intent, error=reason)
        else:
            pause = timedelta(milliseconds=next_look(intent.attempts))
            held = await tx.intents.postpone(intent, until=clock.now() + pause, error=reason)
        if held:
            if crash_points.armed:
                await crash_points.reach(crash_points.PUT_OFF_BEFORE_COMMIT)
            await tx.commit()
    if crash_points.armed:
        await crash_points.reach(crash_points.PUT_OFF_COMMITTED)
    return held and intent.attempts >= FAILURES_MAX


def _reason(error: Exception) -> str:
    """The first line: what follows in a database's error are values of rows."""
    first = f"{type(error).__name__}: {error}".partition("\n")[0][:REASON_MAX]
    return "".join(each if each.isprintable() else "?" for each in first)
