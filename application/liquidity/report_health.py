"""Why each LP is used or not, on one screen: for the command line and the API alike."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from application.ports.clock import Clock
from application.ports.lp_desk import ListedState, LpDesk, LpEvent, OpenAtLp
from domain.liquidity.breaker import BreakerState, Trial
from domain.liquidity.health import MICRO, HealthRow, Key, faded
from domain.liquidity.observation import EVERY_INSTRUMENT, Operation
from domain.liquidity.quote import LpName
from domain.liquidity.standing import LpState, standing
from domain.shared.errors import NotFound

EVENTS_SHOWN: Final = 5
_HUNDREDTHS: Final = MICRO // 100


class OperationReport(msgspec.Struct, frozen=True, kw_only=True):
    """`samples` are those of the last minutes, older ones counting less; in hundredths, as are
    those of each cause. `next_probe_at` is None while the breaker is closed.
    """

    operation: Operation
    breaker: BreakerState
    since: datetime | None
    cause: str | None
    trial: Trial | None
    next_probe_at: datetime | None
    samples: int
    ok_ppm: int | None
    latency_ms: int | None
    open_ms: int | None
    in_a_row: int
    causes: Mapping[str, int]
    last_ok_at: datetime | None
    last_error_at: datetime | None
    last_error: str | None


class InstrumentReport(msgspec.Struct, frozen=True, kw_only=True):
    """`instrument` is `*` for what stands for every instrument, and then only lookups count."""

    instrument: str
    may_quote: bool
    may_execute: bool
    probe: bool
    degraded: bool
    reasons: tuple[str, ...]
    operations: tuple[OperationReport, ...]


class LpReport(msgspec.Struct, frozen=True, kw_only=True):
    name: LpName
    dialect: str
    role: str
    rank: int
    state: LpState
    state_reason: str | None
    state_since: datetime | None
    instruments: tuple[InstrumentReport, ...]
    open_executions: tuple[OpenAtLp, ...]
    events: tuple[LpEvent, ...]


class ReportHealth:
    """- All that decides whether an LP is used, as it is in the shared rows now.
    - What an operator decided comes first; then each breaker, since when and why; then how well it
      does, the last error, and when the next probe is due.
    - Shares and latencies are of the last five minutes or so, older samples counting less.
    """

    def __init__(self, *, desk: LpDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def execute(self) -> tuple[LpReport, ...]:
        """In the order in which LPs are asked, without events."""
        return await self._reports(await self._desk.listed())

    async def one(self, name: LpName) -> LpReport:
        """With its latest events. Raises `NotFound`."""
        listed = [each for each in await self._desk.listed() if each.lp.name == name]
        if not listed:
            raise NotFound("no such liquidity provider", lp=name)
        (report,) = await self._reports(tuple(listed))
        events = await self._desk.events(name, limit=EVENTS_SHOWN)
        return msgspec.structs.replace(report, events=events)

    async def _reports(self, listed: tuple[ListedState, ...]) -> tuple[LpReport, ...]:
        rows = await self._desk.health()
        open_at: defaultdict[LpName, list[OpenAtLp]] = defaultdict(list)
        for each in await self._desk.open_executions():
            open_at[each.lp].append(each)
        now = self._clock.now()
        return tuple(_lp(each, rows, tuple(open_at[each.lp.name]), now=now) for each in listed)


def _lp(
    listed: ListedState,
    rows: Mapping[Key, HealthRow],
    open_at: tuple[OpenAtLp, ...],
    *,
    now: datetime,
) -> LpReport:
    lp = listed.lp
    instruments = sorted({instrument for name, instrument, _ in rows if name == lp.name})
    return LpReport(
        name=lp.name,
        dialect=lp.dialect,
        role=lp.role.value,
        rank=lp.rank,
        state=lp.state,
        state_reason=listed.reason,
        state_since=listed.since,
        instruments=tuple(
            _instrument(lp.name, instrument, lp.state, rows, now=now)
            for instrument in instruments or (EVERY_INSTRUMENT,)
        ),
        open_executions=open_at,
        events=(),
    )


def _instrument(
    lp: LpName, instrument: str, state: LpState, rows: Mapping[Key, HealthRow], *, now: datetime
) -> InstrumentReport:
    stands = standing(rows, {lp: state}, lp, instrument, now=now)
    keys: list[Key] = [(lp, instrument, operation) for operation in Operation]
    return InstrumentReport(
        instrument=instrument,
        may_quote=stands.may_quote,
        may_execute=stands.may_execute,
        probe=stands.probe,
        degraded=stands.degraded,
        reasons=stands.reasons,
        operations=tuple(_operation(key[2], rows[key], now=now) for key in keys if key in rows),
    )


def _operation(operation: Operation, row: HealthRow, *, now: datetime) -> OperationReport:
    tally, breaker = faded(row.tally, now), row.breaker
    failed = tally.failed_ppm
    return OperationReport(
        operation=operation,
        breaker=breaker.state,
        since=breaker.since,
        cause=breaker.cause,
        trial=breaker.trial,
        next_probe_at=breaker.probe_at,
        samples=tally.samples // _HUNDREDTHS,
        ok_ppm=None if failed is None else MICRO - failed,
        latency_ms=tally.latency_ms,
        open_ms=tally.open_ms,
        in_a_row=tally.in_a_row,
        causes={cause: weight // _HUNDREDTHS for cause, weight in sorted(tally.causes.items())},
        last_ok_at=tally.last_ok_at,
        last_error_at=tally.last_error_at,
        last_error=tally.last_error,
    )
