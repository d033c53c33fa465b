"""Which LP is asked next. Only quotes move on: an execution stays with the LP that may hold it."""

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from .quote import LpName, QuoteRefusal


class RoutingInvalid(RuleViolation):
    code = "routing_invalid"


class RoutingPolicy(msgspec.Struct, frozen=True):
    """Backups in the order of preference. Raises `RoutingInvalid` when an LP is named twice."""

    primary: LpName
    backups: tuple[LpName, ...] = ()

    def __post_init__(self) -> None:
        named = (self.primary, *self.backups)
        if len(set(named)) != len(named):
            raise RoutingInvalid("an LP is named twice", lps=named)


# A table and not "always": whoever adds a refusal has to decide. No refusal so far is final for the
# customer, because limits and balances are each LP's own.
TRY_NEXT: Final[dict[QuoteRefusal, bool]] = {
    QuoteRefusal.UNAVAILABLE: True,
    QuoteRefusal.TIMEOUT: True,
    QuoteRefusal.RATE_LIMITED: True,
    QuoteRefusal.INSUFFICIENT_LP_BALANCE: True,
    QuoteRefusal.BELOW_MINIMUM: True,
    QuoteRefusal.ABOVE_MAXIMUM: True,
    QuoteRefusal.UNSUPPORTED: True,
    QuoteRefusal.INVALID_RESPONSE: True,
}


def candidates(policy: RoutingPolicy, *, halted: AbstractSet[LpName]) -> tuple[LpName, ...]:
    """Every LP that may be asked for a quote, in order."""
    return tuple(lp for lp in (policy.primary, *policy.backups) if lp not in halted)


def route(
    policy: RoutingPolicy,
    *,
    halted: AbstractSet[LpName],
    refused: tuple[tuple[LpName, QuoteRefusal], ...] = (),
) -> LpName | None:
    """The LP to ask next after these refusals, or None when nobody is left."""
    if not all(TRY_NEXT[reason] for _, reason in refused):
        return None
    asked = {lp for lp, _ in refused}
    return next((lp for lp in candidates(policy, halted=halted) if lp not in asked), None)
