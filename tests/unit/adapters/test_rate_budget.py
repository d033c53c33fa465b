"""No stretch of the vendor's period holds more than it allows, wherever its windows begin."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http_client.budget import Budget, RateBudget

MINUTE_MS = 60_000


def spend(budget: Budget, weight: int, *, at_ms: int = 0, quote: bool = False) -> bool:
    return budget.take(weight, now_ms=at_ms, keep_reserve=quote)


@pytest.mark.parametrize(("tokens", "quotes"), [(1, 1), (2, 1), (4, 3), (5, 4), (6, 4)])
def test_small_allowance_keeps_something_for_executions(tokens: int, quotes: int) -> None:
    budget = Budget(RateBudget(tokens=tokens, per_ms=MINUTE_MS, reserve_ppm=200_000))
    assert [spend(budget, 1, quote=True) for _ in range(tokens)].count(True) == quotes
    assert spend(budget, 1) is (tokens > 1)


def test_quotes_leave_the_reserve_to_executions_and_lookups() -> None:
    budget = Budget(RateBudget(tokens=10, per_ms=MINUTE_MS, reserve_ppm=300_000))
    assert [spend(budget, 1, quote=True) for _ in range(9)] == [True] * 7 + [False] * 2
    assert [spend(budget, 1) for _ in range(4)] == [True] * 3 + [False]


def test_refusal_spends_nothing() -> None:
    budget = Budget(RateBudget(tokens=10, per_ms=MINUTE_MS, reserve_ppm=0))
    assert spend(budget, 6)
    assert not spend(budget, 5)
    assert spend(budget, 4)


def test_what_was_spent_comes_back_after_the_period() -> None:
    budget = Budget(RateBudget(tokens=1, per_ms=MINUTE_MS, reserve_ppm=0))
    assert spend(budget, 1)
    assert not spend(budget, 1, at_ms=MINUTE_MS - 1)
    assert spend(budget, 1, at_ms=MINUTE_MS * 11 // 10)


def test_clock_that_is_set_back_gives_nothing_back() -> None:
    budget = Budget(RateBudget(tokens=2, per_ms=MINUTE_MS, reserve_ppm=0))
    assert spend(budget, 1, at_ms=MINUTE_MS * 10)
    assert spend(budget, 1, at_ms=0)
    assert not spend(budget, 1, at_ms=0)
    assert not spend(budget, 1, at_ms=MINUTE_MS * 10)


def test_without_a_rate_there_is_always_enough() -> None:
    assert all(spend(Budget(None), 10**12, quote=True) for _ in range(3))


@pytest.mark.parametrize(
    "wrong", [{"tokens": 0}, {"per_ms": 1}, {"reserve_ppm": 1_000_000}, {"tokens_max": 5}]
)
def test_rate_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"tokens": 10, "per_ms": 1_000, **wrong}, RateBudget)


@given(
    tokens=st.integers(1, 50),
    per_ms=st.integers(100, 2_000),
    steps=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 20), st.booleans()), max_size=60),
)
def test_no_stretch_of_the_period_holds_more_than_is_allowed(
    tokens: int, per_ms: int, steps: list[tuple[int, int, bool]]
) -> None:
    budget = Budget(RateBudget(tokens=tokens, per_ms=per_ms))
    now, spent = 0, list[tuple[int, int]]()
    for wait_ms, weight, quote in steps:
        now += wait_ms
        if spend(budget, weight, at_ms=now, quote=quote):
            spent.append((now, weight))
    for start, _ in spent:
        within = [weight for at, weight in spent if start <= at < start + per_ms]
        assert sum(within) <= tokens
