"""Whom a plan asks, when, and next to whom."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.liquidity.quote import LpName, LpQuote, LpQuoteInvalid
from domain.liquidity.routing import (
    AT_ONCE_MAX,
    HEDGE_DEFAULT_MS,
    HEDGE_MAX_MS,
    HEDGE_MIN_MS,
    AskMode,
    Candidate,
    RoutingInvalid,
    RoutingPolicy,
    hedge_ms,
    plan,
    rank,
    slow_ms,
)
from domain.shared.side import Side
from tests.unit.domain.builders import lp_quote_of

ONE, TWO, THREE, FOUR = (LpName(name) for name in ("one", "two", "three", "four"))
POLICY: Final = RoutingPolicy(primary=ONE, backups=(TWO, THREE, FOUR), hedge_after_ms=70)
BEST: Final = RoutingPolicy(
    primary=ONE, backups=(TWO, THREE, FOUR), hedge_after_ms=70, mode=AskMode.BEST_OF, at_once=3
)


def good(lp: LpName) -> Candidate:
    return Candidate(lp=lp)


def bad(lp: LpName) -> Candidate:
    return Candidate(lp=lp, degraded=True)


def probe(lp: LpName) -> Candidate:
    return Candidate(lp=lp, probe=True)


Shape = list[tuple[tuple[LpName, ...], int | None]]

PLANS: Final[list[tuple[str, RoutingPolicy, tuple[Candidate, ...], Shape]]] = [
    ("nobody", POLICY, (), []),
    ("one alone has no hurry", POLICY, (good(TWO),), [((TWO,), None)]),
    (
        "one after the other, each with its patience",
        POLICY,
        (good(ONE), good(TWO), good(THREE)),
        [((ONE,), 70), ((TWO,), 70), ((THREE,), None)],
    ),
    (
        "who does badly is asked beside the next",
        POLICY,
        (bad(ONE), good(TWO), good(THREE)),
        [((ONE, TWO), 70), ((THREE,), None)],
    ),
    ("so is who is on probation", POLICY, (probe(ONE), good(TWO)), [((ONE, TWO), None)]),
    (
        "a backup that does badly too",
        POLICY,
        (good(ONE), bad(TWO), good(THREE)),
        [((ONE,), 70), ((TWO, THREE), None)],
    ),
    ("all of them do badly", POLICY, (bad(ONE), probe(TWO)), [((ONE, TWO), None)]),
    (
        "best of three, and then the rest",
        BEST,
        (good(ONE), good(TWO), good(THREE), good(FOUR)),
        [((ONE, TWO, THREE), 70), ((FOUR,), None)],
    ),
    ("best of those that are left", BEST, (good(ONE), good(TWO)), [((ONE, TWO), 70)]),
]


@pytest.mark.parametrize(
    ("policy", "candidates", "expected"),
    [case[1:] for case in PLANS],
    ids=[case[0] for case in PLANS],
)
def test_plan(policy: RoutingPolicy, candidates: tuple[Candidate, ...], expected: Shape) -> None:
    assert [(step.lps, step.patience_ms) for step in plan(policy, candidates)] == expected


def test_prices_are_compared_in_the_first_step_of_best_of_only() -> None:
    four = (good(ONE), good(TWO), good(THREE), good(FOUR))
    assert [step.best for step in plan(BEST, four)] == [True, False]
    assert not any(step.best for step in plan(POLICY, four))


@pytest.mark.parametrize("policy", [POLICY, BEST])
def test_one_by_one_nobody_overtakes(policy: RoutingPolicy) -> None:
    steps = plan(policy, (bad(ONE), probe(TWO), good(THREE)), one_by_one=True)
    assert [(step.lps, step.patience_ms, step.best) for step in steps] == [
        ((lp,), None, False) for lp in (ONE, TWO, THREE)
    ]


@given(
    marks=st.lists(st.sampled_from(["good", "degraded", "probe"]), max_size=8),
    mode=st.sampled_from(AskMode),
    at_once=st.integers(2, AT_ONCE_MAX),
    one_by_one=st.booleans(),
)
def test_everybody_is_in_the_plan_once_and_in_order(
    marks: list[str], mode: AskMode, at_once: int, one_by_one: bool
) -> None:
    candidates = tuple(
        Candidate(lp=LpName(f"lp{number}"), degraded=mark == "degraded", probe=mark == "probe")
        for number, mark in enumerate(marks)
    )
    policy = RoutingPolicy(LpName("lp0"), mode=mode, at_once=at_once)

    steps = plan(policy, candidates, one_by_one=one_by_one)

    assert [lp for step in steps for lp in step.lps] == [each.lp for each in candidates]
    assert all(1 <= len(step.lps) <= AT_ONCE_MAX for step in steps)
    # The next one can always begin, and the last one waits for whoever still runs.
    for step in steps[:-1]:
        assert one_by_one or step.patience_ms is not None
    if steps and not steps[-1].best:
        assert steps[-1].patience_ms is None


@pytest.mark.parametrize(
    ("latency_ms", "set_ms", "expected"),
    [
        (None, None, HEDGE_DEFAULT_MS),
        (0, None, HEDGE_MIN_MS),
        (10, None, HEDGE_MIN_MS),
        (100, None, 300),
        (10_000, None, HEDGE_MAX_MS),
        (10_000, 40, 40),
        (None, 40, 40),
    ],
)
def test_patience_follows_latency_unless_an_operator_set_it(
    latency_ms: int | None, set_ms: int | None, expected: int
) -> None:
    policy = RoutingPolicy(ONE, hedge_after_ms=set_ms)
    assert hedge_ms(policy, Candidate(lp=ONE, latency_ms=latency_ms)) == expected


def of(lp: LpName, side: Side, base_units: int, quote_units: int) -> LpQuote:
    return replace(lp_quote_of(side, base_units, quote_units), lp=lp)


@pytest.mark.parametrize(
    ("side", "expected"), [(Side.BUY, [TWO, ONE, THREE]), (Side.SELL, [THREE, ONE, TWO])]
)
def test_best_price_is_the_lowest_on_a_buy_and_the_highest_on_a_sale(
    side: Side, expected: list[LpName]
) -> None:
    # The amounts differ, as those of LPs with different grids do: only the ratio counts.
    quotes = (of(ONE, side, 100, 5_000), of(TWO, side, 101, 5_049), of(THREE, side, 99, 4_951))
    assert [quote.lp for quote in rank(quotes)] == expected


@pytest.mark.parametrize("side", list(Side))
def test_equal_prices_keep_the_order_of_the_policy(side: Side) -> None:
    quotes = (of(TWO, side, 1, 50), of(ONE, side, 2, 100))
    assert rank(quotes) == quotes


@pytest.mark.parametrize(
    "wrong",
    [
        {"backups": (TWO, ONE)},
        {"backups": (TWO, TWO)},
        {"at_once": 1},
        {"at_once": AT_ONCE_MAX + 1},
        {"hedge_after_ms": 0},
        {"hedge_after_ms": 60_000},
    ],
)
def test_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RoutingInvalid):
        RoutingPolicy(primary=ONE, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("base_units", "quote_units"), [(0, 1), (1, 0), (-1, 1)])
def test_lp_quote_without_two_amounts_cannot_exist(base_units: int, quote_units: int) -> None:
    with pytest.raises(LpQuoteInvalid):
        lp_quote_of(Side.BUY, base_units, quote_units)


@pytest.mark.parametrize(
    ("set_ms", "latency_ms", "slow"),
    [
        (None, None, 500),
        (None, 20, 200),
        (None, 100, 300),
        # Asked early for the next, it is slow no sooner than it ever was, if that is known.
        (10, None, 500),
        (10, 20, 60),
        (10, 100, 300),
        (10, 5_000, 1_000),
        (2_000, 100, 2_000),
    ],
)
def test_lp_is_slow_by_its_own_usual_time(
    set_ms: int | None, latency_ms: int | None, slow: int
) -> None:
    policy = RoutingPolicy(LpName("a"), hedge_after_ms=set_ms)
    assert slow_ms(policy, Candidate(lp=LpName("a"), latency_ms=latency_ms)) == slow
