import pytest

from domain.liquidity.quote import LpName, LpQuoteInvalid, QuoteRefusal
from domain.liquidity.routing import (
    TRY_NEXT,
    RoutingInvalid,
    RoutingPolicy,
    candidates,
    route,
)
from domain.shared.side import Side
from tests.unit.domain.builders import lp_quote_of

ONE, TWO, THREE = LpName("one"), LpName("two"), LpName("three")
POLICY = RoutingPolicy(primary=ONE, backups=(TWO, THREE))


def test_primary_is_asked_first_and_halted_lps_never() -> None:
    assert candidates(POLICY, halted=frozenset()) == (ONE, TWO, THREE)
    assert candidates(POLICY, halted=frozenset({ONE, THREE})) == (TWO,)
    assert candidates(POLICY, halted=frozenset({ONE, TWO, THREE})) == ()


@pytest.mark.parametrize("reason", list(QuoteRefusal))
def test_every_refusal_has_its_row_and_lets_the_next_lp_try(reason: QuoteRefusal) -> None:
    assert TRY_NEXT[reason]
    assert route(POLICY, halted=frozenset(), refused=((ONE, reason),)) == TWO


def test_nobody_is_asked_twice() -> None:
    refused = tuple((lp, QuoteRefusal.TIMEOUT) for lp in (ONE, TWO, THREE))
    assert route(POLICY, halted=frozenset()) == ONE
    assert route(POLICY, halted=frozenset({TWO}), refused=refused[:1]) == THREE
    assert route(POLICY, halted=frozenset(), refused=refused) is None


def test_policy_that_names_an_lp_twice_is_refused() -> None:
    with pytest.raises(RoutingInvalid):
        RoutingPolicy(primary=ONE, backups=(TWO, ONE))


@pytest.mark.parametrize(("base_units", "quote_units"), [(0, 1), (1, 0), (-1, 1)])
def test_lp_quote_without_two_amounts_cannot_exist(base_units: int, quote_units: int) -> None:
    with pytest.raises(LpQuoteInvalid):
        lp_quote_of(Side.BUY, base_units, quote_units)
