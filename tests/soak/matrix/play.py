"""One cell: a quote, its acceptance, and looks until the outcome is proven; killed on the way."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from adapters.system.clock import SystemClock
from application import crash_points
from domain.quotes.quote import Quote
from tests.soak.matrix.cells import NO_FAULT, POINTS, Cell, Kill, Phase
from tests.soak.matrix.driver import Accept, Done, Job, Resolve, resolve
from tests.soak.matrix.stage import Lane, urls

LOOKS_MAX: Final = 6
# The resolver looks so often before somebody is killed there: a fault may strike a later look.
KILLING_LOOKS_MAX: Final = 3
FOREVER: Final = "lookup_404_forever"
# A process that was shut out asks nothing for minutes: such looks are not made by one that stays.
SHUTS_OUT: Final = ("ip_ban_418",)
EMPTIES: Final = "balance_drop"
# After an LP's expiry, until the next look: clocks are the same, so any time will do.
AFTER_EXPIRY: Final = timedelta(milliseconds=50)
ORDER: Final = "SELECT id, status FROM aksum.orders WHERE quote_id = $1"
LP_EXPIRES: Final = "SELECT max(lp_expires_at) FROM aksum.lp_attempts WHERE order_id = $1"
HELD: Final = "SELECT count(*) FROM aksum.ledger_holds WHERE id = $1 AND state = 'active'"
# As if the lease of the killed process had run out.
LET_GO: Final = """
UPDATE aksum.intents SET lease_until = NULL, next_action_at = clock_timestamp()
WHERE subject = $1 AND kind = 'settle_execution'
"""
OPEN: Final = "pending"
EXPIRED: Final = "quote_expired"

clock: Final = SystemClock()


class Played(msgspec.Struct, kw_only=True):
    """A cell on its way. `resume_at`: nothing more can be proven before."""

    cell: Cell
    quote: Quote
    order_id: UUID | None = None
    killed: bool = False
    request: set[str] = msgspec.field(default_factory=set)
    resolver: set[str] = msgspec.field(default_factory=set)
    errors: list[str] = msgspec.field(default_factory=list)
    final: bool = False
    resume_at: datetime | None = None

    @property
    def came_too_late(self) -> bool:
        """The quote expired before it was accepted: a machine too busy, and no finding."""
        return self.order_id is None and EXPIRED in self.errors

    def passed(self, phase: Phase) -> tuple[str, ...]:
        """Of the places where somebody may be killed, sorted."""
        seen = self.request if phase is Phase.REQUEST else self.resolver
        return tuple(sorted(seen.intersection(POINTS[phase])))


async def begin(lane: Lane, cell: Cell) -> Played:
    """Up to the moment when only time can prove anything."""
    lane.order_id = None
    await lane.primary.disarm()
    played = Played(cell=cell, quote=await lane.quote())
    if cell.lookup != NO_FAULT:
        await lane.primary.arm(cell.lookup)
    # To be killed in the resolver, a request that would settle is ended before it commits.
    opened = cell.kill is not None and cell.kill.phase is Phase.RESOLVER
    kill_at = crash_points.RECORD_BEFORE_COMMIT if opened else _point(cell.kill, Phase.REQUEST)
    ended = not await _request(lane, played, kill_at)
    played.killed = ended and not opened
    row = await lane.admin.fetchrow(ORDER, played.quote.id)
    if row is None and ended:
        # Before anything was committed: the client asks again, with the same key.
        await _request(lane, played, None)
        row = await lane.admin.fetchrow(ORDER, played.quote.id)
    if cell.execution == EMPTIES:
        await lane.primary.set_balances(cell.dialect)
    if row is None:
        played.errors = played.errors or ["no order, and nobody said why"]
        return played
    played.order_id = lane.order_id = row["id"]
    await _look(lane, played, last=False)
    if not played.final:
        played.resume_at = await lane.admin.fetchval(LP_EXPIRES, played.order_id) + AFTER_EXPIRY
    await lane.primary.disarm()
    return played


async def end(lane: Lane, played: Played) -> None:
    """After `resume_at`. What is hidden for as long as anybody asks is found when it no longer is,
    and until then its funds are held.
    """
    lane.order_id = played.order_id
    await lane.primary.disarm()
    hidden = played.cell.lookup == FOREVER
    if hidden:
        await lane.primary.arm(FOREVER)
    await _look(lane, played, last=not hidden)
    if hidden:
        await lane.primary.disarm()
    if hidden and not played.final:
        if await lane.admin.fetchval(HELD, played.order_id) != 1:
            played.errors.append("open, and its funds are not held")
        await _look(lane, played, last=True)


async def _request(lane: Lane, played: Played, kill_at: str | None) -> bool:
    """False when the process was killed."""
    execution = played.cell.execution
    work = Accept(
        tenant_id=lane.tenant_id,
        quote_id=played.quote.id,
        key=f"matrix-{played.quote.id.hex}",
        scenario=None if execution == NO_FAULT else execution,
    )
    done = await _run(lane, work, kill_at)
    if done is None:
        return False
    _note(played, done)
    played.request |= {*done.passed, *lane.caller.passed}
    return True


async def _look(lane: Lane, played: Played, *, last: bool) -> None:
    """Killed once, if it is the resolver's turn; then looking goes on as after any crash.

    Who was not killed yet may still be when time has passed, so unless this is the last time
    nobody looks without being in danger.
    """
    kill_at = _point(played.cell.kill, Phase.RESOLVER)
    if kill_at is not None and not played.killed and not await _is_final(lane, played):
        played.killed = not await _resolve(lane, played, kill_at, KILLING_LOOKS_MAX)
        if not played.killed and not last:
            await _is_final(lane, played)
            return
    if not await _is_final(lane, played):
        await _resolve(lane, played, None, LOOKS_MAX)
        await _is_final(lane, played)


async def _resolve(lane: Lane, played: Played, kill_at: str | None, looks_max: int) -> bool:
    """False when the process was killed."""
    assert played.order_id is not None
    await lane.admin.execute(LET_GO, played.order_id)
    work = Resolve(tenant_id=lane.tenant_id, order_id=played.order_id, looks_max=looks_max)
    if kill_at is None and played.cell.lookup not in SHUTS_OUT:
        lane.caller.expect(kill_at=None)
        done: Done | None = await resolve(lane.worker, work)
    else:
        done = await _run(lane, work, kill_at)
    if done is None:
        return False
    _note(played, done)
    played.resolver |= {*done.passed, *lane.caller.passed}
    return True


async def _run(lane: Lane, work: Accept | Resolve, kill_at: str | None) -> Done | None:
    at_vendor = kill_at is not None and kill_at.startswith("wire.")
    lane.caller.expect(kill_at=kill_at if at_vendor else None)
    job = Job(
        work=work,
        database_urls=urls(lane.database),
        lp_config=str(lane.lp_config),
        kill_at=None if at_vendor else kill_at,
    )
    return await lane.driver.run(job, lane.caller)


def _point(kill: Kill | None, phase: Phase) -> str | None:
    return kill.point if kill is not None and kill.phase is phase else None


def _note(played: Played, done: Done) -> None:
    if done.error is not None:
        played.errors.append(done.error)
    if done.refused is not None:
        played.errors.append(done.refused)


async def _is_final(lane: Lane, played: Played) -> bool:
    row: Mapping[str, Any] = await lane.admin.fetchrow(ORDER, played.quote.id)
    played.final = row["status"] != OPEN
    return played.final
