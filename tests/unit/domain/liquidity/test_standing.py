"""What rows and an operator's word allow together: one row per combination."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import pytest
from msgspec.structs import replace

from domain.liquidity.breaker import CLOSED, PAUSE_FIRST, Breaker, Trial, probed, tripped
from domain.liquidity.health import MICRO, HealthRow, Key, Tally
from domain.liquidity.observation import EVERY_INSTRUMENT, Operation
from domain.liquidity.quote import LpName
from domain.liquidity.standing import (
    DEGRADED_LATENCY_MS,
    DEGRADED_SAMPLES_MIN,
    GOOD,
    LpState,
    stand,
    standing,
)
from tests.unit.domain.builders import NOW

LP: Final = LpName("lp_a")
BTC: Final = "BTC-USDT"
DUE: Final = NOW + PAUSE_FIRST
OPEN: Final = tripped(CLOSED, "why", at=NOW)
HALF_OPEN: Final = probed(OPEN, now=DUE) or CLOSED
TRYING: Final = replace(HALF_OPEN, trial=Trial.EXECUTE, probe_at=DUE)
EXECUTING: Final = replace(HALF_OPEN, trial=Trial.EXECUTING)


def rows_of(quote: Breaker, execute: Breaker, lookup: Breaker) -> Mapping[Key, HealthRow]:
    tally = Tally(as_of=NOW)
    return {
        (LP, BTC, Operation.QUOTE): HealthRow(tally=tally, breaker=quote),
        (LP, BTC, Operation.EXECUTE): HealthRow(tally=tally, breaker=execute),
        (LP, EVERY_INSTRUMENT, Operation.LOOKUP): HealthRow(tally=tally, breaker=lookup),
    }


# The breakers of quotes, executions and lookups at the moment at which a probe is due, and
# (may_quote, may_execute, probe, claim_execution) of an active LP.
ALLOWED = [
    (CLOSED, CLOSED, CLOSED, (True, True, False, False)),
    (OPEN, CLOSED, CLOSED, (False, True, True, False)),
    (HALF_OPEN, CLOSED, CLOSED, (False, True, False, False)),
    (CLOSED, OPEN, CLOSED, (False, False, True, False)),
    (CLOSED, HALF_OPEN, CLOSED, (False, False, False, False)),
    (CLOSED, TRYING, CLOSED, (False, True, True, True)),
    (CLOSED, EXECUTING, CLOSED, (False, False, False, False)),
    (CLOSED, CLOSED, OPEN, (False, False, True, False)),
    (CLOSED, CLOSED, TRYING, (False, True, True, True)),
    (CLOSED, TRYING, OPEN, (False, False, True, False)),
    (CLOSED, TRYING, TRYING, (False, True, True, True)),
    (OPEN, TRYING, CLOSED, (False, True, True, True)),
    (HALF_OPEN, TRYING, CLOSED, (False, True, False, True)),
]


@pytest.mark.parametrize(("quote", "execute", "lookup", "allowed"), ALLOWED)
@pytest.mark.parametrize("state", list(LpState))
def test_standing_follows_from_breakers_and_the_operators_word(
    quote: Breaker,
    execute: Breaker,
    lookup: Breaker,
    allowed: tuple[bool, bool, bool, bool],
    state: LpState,
) -> None:
    found = standing(rows_of(quote, execute, lookup), {LP: state}, LP, BTC, now=DUE)
    may_quote, may_execute, probe, claim = allowed
    active, halted = state is LpState.ACTIVE, state is LpState.HALTED
    assert found.may_quote == (may_quote and active)
    assert found.probe == (probe and active)
    assert found.may_execute == (may_execute and not halted)
    assert found.claim_execution == (claim and not halted)
    shut = sum(not each.is_closed for each in (quote, execute, lookup))
    assert len(found.reasons) == shut + (not active)


def test_probe_is_not_due_before_every_open_breakers_pause_is_over() -> None:
    later = tripped(CLOSED, "why", at=NOW + timedelta(seconds=1))
    rows = rows_of(OPEN, later, CLOSED)
    assert not standing(rows, {}, LP, BTC, now=DUE).probe
    assert standing(rows, {}, LP, BTC, now=DUE + timedelta(seconds=1)).probe


@pytest.mark.parametrize(
    ("samples", "failed", "latency_ms", "degraded"),
    [
        (DEGRADED_SAMPLES_MIN, 0, 20, False),
        (DEGRADED_SAMPLES_MIN, 1, 20, True),
        (DEGRADED_SAMPLES_MIN - 1, 1, 20, False),
        (10, 1, 20, False),
        (10, 2, 20, True),
        (1, 0, DEGRADED_LATENCY_MS - 1, False),
        (1, 0, DEGRADED_LATENCY_MS, True),
    ],
)
def test_lp_that_works_badly_is_degraded_and_used(
    samples: int, failed: int, latency_ms: int, degraded: bool
) -> None:
    tally = Tally(
        as_of=NOW,
        samples=samples * MICRO,
        failed=failed * MICRO,
        timed=samples * MICRO,
        latency=samples * MICRO * latency_ms,
    )
    rows = {(LP, BTC, Operation.QUOTE): HealthRow(tally=tally)}
    found = standing(rows, {}, LP, BTC, now=NOW)
    assert (found.may_quote, found.degraded, found.latency_ms) == (True, degraded, latency_ms)
    assert bool(found.reasons) == degraded


def test_view_knows_instruments_that_nobody_observed() -> None:
    view = stand(rows_of(OPEN, CLOSED, OPEN), {LP: LpState.ACTIVE}, now=NOW)
    assert not view.of(LP, BTC).may_quote
    assert not view.of(LP, "ETH-USDT").may_execute
    assert view.of(LpName("nobody"), BTC) == GOOD
