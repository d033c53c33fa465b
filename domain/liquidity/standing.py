"""Whether an LP may be used for an instrument just now, and why not: all reasons in one place."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from .breaker import CLOSED, Breaker, BreakerState
from .health import MICRO, HealthRow, Key, faded
from .observation import EVERY_INSTRUMENT, Operation
from .quote import LpName

# Below, an LP is only slow or unreliable: asked, but better not alone.
DEGRADED_FAILED_PPM: Final = 200_000
DEGRADED_SAMPLES_MIN: Final = 5
DEGRADED_LATENCY_MS: Final = 1_500


class LpState(StrEnum):
    """An operator's word, which no health overrules.

    active    all of it
    reducing  quotes already given may be accepted; no new ones
    halted    no quotes, and none already given may be accepted; what is open is still looked up
    """

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """- `may_quote`: ask it and offer what it quotes.
    - `probe`: it may not be asked freely, but one quote may be: whoever wins
      `Standings.claim_quote` asks it and reports, and offers the quote only if `may_execute`.
    - `may_execute`: its quotes may be accepted; with `claim_execution` only by whoever wins
      `Standings.claim_execution`.
    - `degraded`: it works, but badly: ask another beside it.
    - `latency_ms`: of its quotes lately, None when unknown.
    - `reasons`: for operators, one for each thing that is not as it should be.
    """

    may_quote: bool = True
    may_execute: bool = True
    degraded: bool = False
    latency_ms: int | None = None
    probe: bool = False
    claim_execution: bool = False
    reasons: tuple[str, ...] = ()


GOOD: Final = Standing()


class StandingsView(msgspec.Struct, frozen=True):
    """One reading of the shared rows.

    `of_lps` has the LPs that stand in some way for every instrument, such as halted; `listed` goes
    before it.
    """

    listed: Mapping[tuple[LpName, str], Standing]
    of_lps: Mapping[LpName, Standing]

    def of(self, lp: LpName, instrument: str) -> Standing:
        """An LP that nothing is known of is as good as any."""
        return self.listed.get((lp, instrument)) or self.of_lps.get(lp, GOOD)


def stand(
    rows: Mapping[Key, HealthRow], states: Mapping[LpName, LpState], *, now: datetime
) -> StandingsView:
    """Of everybody who is listed or has been observed."""
    return StandingsView(
        {
            (lp, instrument): standing(rows, states, lp, instrument, now=now)
            for lp, instrument in {(lp, instrument) for lp, instrument, _ in rows}
            if instrument != EVERY_INSTRUMENT
        },
        {lp: standing(rows, states, lp, EVERY_INSTRUMENT, now=now) for lp in states},
    )


def gates(rows: Mapping[Key, HealthRow], lp: LpName, instrument: str) -> dict[Key, Breaker]:
    """The breakers that an LP and instrument stand under, open or not: quote, execute, lookup."""
    keys: tuple[Key, ...] = (
        (lp, instrument, Operation.QUOTE),
        (lp, instrument, Operation.EXECUTE),
        (lp, EVERY_INSTRUMENT, Operation.LOOKUP),
    )
    return {key: rows[key].breaker if key in rows else CLOSED for key in keys}


def standing(
    rows: Mapping[Key, HealthRow],
    states: Mapping[LpName, LpState],
    lp: LpName,
    instrument: str,
    *,
    now: datetime,
) -> Standing:
    """With a breaker open, it is asked as a probe only."""
    state = states.get(lp, LpState.ACTIVE)
    under = gates(rows, lp, instrument)
    shut = {key: each for key, each in under.items() if not each.is_closed}
    quotes = rows.get((lp, instrument, Operation.QUOTE))
    bad = tuple(_badly(rows, lp, instrument, now=now))
    executes = state is not LpState.HALTED and all(
        each.may_execute(now) for key, each in under.items() if key[2] is not Operation.QUOTE
    )
    active = state is LpState.ACTIVE
    return Standing(
        may_quote=active and not shut,
        may_execute=executes,
        degraded=bool(bad),
        latency_ms=None if quotes is None else quotes.tally.latency_ms,
        probe=active and bool(shut) and all(each.probe_due(now) for each in shut.values()),
        claim_execution=executes and any(key[2] is not Operation.QUOTE for key in shut),
        reasons=(
            *(() if active else (f"{state.value} by an operator",)),
            *(_why(key, each) for key, each in shut.items()),
            *bad,
        ),
    )


def _why(key: Key, breaker: Breaker) -> str:
    stage = key[2].value
    state = "half open" if breaker.state is BreakerState.HALF_OPEN else "open"
    return f"{stage} breaker {state}: {breaker.cause}"


def _badly(
    rows: Mapping[Key, HealthRow], lp: LpName, instrument: str, *, now: datetime
) -> Iterable[str]:
    for operation in (Operation.QUOTE, Operation.EXECUTE):
        row = rows.get((lp, instrument, operation))
        if row is None:
            continue
        tally = faded(row.tally, now)
        share = tally.failed_ppm or 0
        if tally.samples >= DEGRADED_SAMPLES_MIN * MICRO and share >= DEGRADED_FAILED_PPM:
            yield f"{share // 10_000} % of {operation.value} requests failed lately"
        latency = tally.latency_ms or 0
        if operation is Operation.QUOTE and latency >= DEGRADED_LATENCY_MS:
            yield f"quotes take {latency} ms"
