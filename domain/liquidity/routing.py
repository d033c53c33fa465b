"""Which LPs are asked for a quote, and when. Only quotes move on: an execution stays with its LP.

A plan is a list of steps. The LPs of a step are asked at the same moment; the next step begins when
all of them have refused, or when they have taken longer than the step's patience, and then those
before go on answering. Nobody is asked twice.
"""

from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.side import Side
from .quote import LpName, LpQuote

# How many LPs may be asked at one moment, and so how many quotes one customer's request costs us.
AT_ONCE_MAX: Final = 4

# The next LP is asked when this many times the usual latency has passed. Not below the first
# bound: a busy moment of ours would double the load on everybody. Not above the last: a customer
# waits. The middle one is for an LP of which nothing is known yet.
HEDGE_FACTOR: Final = 3
HEDGE_MIN_MS: Final = 200
HEDGE_DEFAULT_MS: Final = 500
HEDGE_MAX_MS: Final = 1_000
# What an operator may set instead.
HEDGE_SET_MS: Final = (10, 10_000)


class RoutingInvalid(RuleViolation):
    code = "routing_invalid"


class AskMode(StrEnum):
    """`ordered`: the first that quotes wins. `best_of`: several are asked, the best price wins."""

    ORDERED = "ordered"
    BEST_OF = "best_of"


class RoutingPolicy(msgspec.Struct, frozen=True):
    """Backups in the order of preference. `at_once`: how many are asked at first in `best_of`.
    `hedge_after_ms` replaces what follows from an LP's latency.

    Raises `RoutingInvalid` when an LP is named twice, or a number is out of bounds.
    """

    primary: LpName
    backups: tuple[LpName, ...] = ()
    mode: AskMode = AskMode.ORDERED
    at_once: int = 2
    hedge_after_ms: int | None = None

    def __post_init__(self) -> None:
        if len(set(self.lps)) != len(self.lps):
            raise RoutingInvalid("an LP is named twice", lps=self.lps)
        if not 2 <= self.at_once <= AT_ONCE_MAX:
            raise RoutingInvalid(f"from 2 to {AT_ONCE_MAX} are asked at once", at_once=self.at_once)
        low, high = HEDGE_SET_MS
        if self.hedge_after_ms is not None and not low <= self.hedge_after_ms <= high:
            raise RoutingInvalid(
                f"another LP is asked after {low} to {high} ms", hedge_after_ms=self.hedge_after_ms
            )

    @property
    def lps(self) -> tuple[LpName, ...]:
        return (self.primary, *self.backups)


class LeftOut(StrEnum):
    """Why an LP of the policy is not asked at all. `bad_standing`: its standing says it.

    `tried`: it has refused this order before.
    """

    NOT_CONFIGURED = "not_configured"
    NOT_LISTED = "not_listed"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    BAD_STANDING = "bad_standing"
    TRIED = "tried"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an LP before it is asked. `probe`: it may be tried, but not relied upon.

    `proven`: it quotes well and is to be tried with an execution now, so its quote has to win: it
    is waited for like any.
    """

    lp: LpName
    degraded: bool = False
    probe: bool = False
    proven: bool = False
    latency_ms: int | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """`patience_ms` None: there is nobody else to ask. `best`: quotes are compared with each other
    until all have answered or patience ends."""

    lps: tuple[LpName, ...]
    patience_ms: int | None
    best: bool = False


def hedge_ms(policy: RoutingPolicy, candidate: Candidate) -> int:
    """How long this LP may take before the next one is asked too."""
    return policy.hedge_after_ms or _usual_ms(candidate)


def slow_ms(policy: RoutingPolicy, candidate: Candidate) -> int:
    """From when on an answer that did not come counts against the LP.

    An operator who asks the next one early wants a price sooner. Whoever takes the usual time is
    none the worse for it.
    """
    if policy.hedge_after_ms is None:
        return _usual_ms(candidate)
    if candidate.latency_ms is None:
        return max(policy.hedge_after_ms, HEDGE_DEFAULT_MS)
    # Without the lower bound: or who hangs would never be slow, being overtaken before.
    return max(policy.hedge_after_ms, min(candidate.latency_ms * HEDGE_FACTOR, HEDGE_MAX_MS))


def _usual_ms(candidate: Candidate) -> int:
    if candidate.latency_ms is None:
        return HEDGE_DEFAULT_MS
    return min(max(candidate.latency_ms * HEDGE_FACTOR, HEDGE_MIN_MS), HEDGE_MAX_MS)


def plan(
    policy: RoutingPolicy, candidates: tuple[Candidate, ...], *, one_by_one: bool = False
) -> tuple[Step, ...]:
    """Whom to ask and when. `candidates` are those of the policy that may be asked, in its order.

    `one_by_one`: nobody is asked before the one before has answered.
    """
    steps: list[Step] = []
    left = candidates
    while left:
        taken = 1 if one_by_one else _together(policy, left, first=not steps)
        group, left = left[:taken], left[taken:]
        best = not one_by_one and not steps and policy.mode is AskMode.BEST_OF
        patience = max(hedge_ms(policy, each) for each in group)
        steps.append(
            Step(
                lps=tuple(each.lp for each in group),
                # The last of a comparison too: a good quote must not wait for a slow one.
                patience_ms=patience if (left or best) and not one_by_one else None,
                best=best,
            )
        )
    return tuple(steps)


def rank(quotes: tuple[LpQuote, ...]) -> tuple[LpQuote, ...]:
    """Best price for us first: what we pay or get for one unit of base, the LP's fee within.

    Equal prices keep their order.
    """
    return tuple(
        sorted(
            quotes,
            key=lambda quote: (
                Fraction(quote.quote_units, quote.base_units)
                * (1 if quote.side is Side.BUY else -1)
            ),
        )
    )


def _together(policy: RoutingPolicy, left: tuple[Candidate, ...], *, first: bool) -> int:
    """How many of those that are left are asked at one moment.

    An LP that is doing badly is given its chance beside one that is not.
    """
    if first and policy.mode is AskMode.BEST_OF:
        return policy.at_once
    for count, candidate in enumerate(left[:AT_ONCE_MAX], start=1):
        if candidate.proven or not (candidate.degraded or candidate.probe):
            return count
    return min(len(left), AT_ONCE_MAX)
