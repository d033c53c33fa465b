"""Who tells us what lies with them, and which account of the house's books it is held against."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from ..ledger.chart import CHART, AccountCode, AccountOwner, AccountType, BookSide
from ..shared.errors import RuleViolation

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class SourceInvalid(RuleViolation):
    code = "reconciliation_source_invalid"


class SourceKind(StrEnum):
    LP_EXECUTIONS = "lp_executions"
    CUSTODY = "custody"
    RAIL = "rail"
    CSV = "csv"


class MatchingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How far matching by anything but a reference may go.

    - `fuzzy_matches`: an unambiguous pair of equal amounts is a match; if False, a suggestion only.
    - `window_days`: business days between the two dates of such a pair, at most.
    - `rounding_units`: a difference up to this is a rounding, by reference only.
    - `fee_ppm_max`: a shortfall up to this share of our amount is a fee, by reference only.
    """

    fuzzy_matches: bool
    window_days: int
    rounding_units: int
    fee_ppm_max: int


# An LP's list and our books both name every execution, so that two equal amounts with two names are
# two executions. What banks send names our objects now and then only.
POLICIES: Final[Mapping[SourceKind, MatchingPolicy]] = MappingProxyType(
    {
        SourceKind.LP_EXECUTIONS: MatchingPolicy(
            fuzzy_matches=False, window_days=1, rounding_units=1, fee_ppm_max=0
        ),
        SourceKind.CUSTODY: MatchingPolicy(
            fuzzy_matches=True, window_days=2, rounding_units=0, fee_ppm_max=0
        ),
        SourceKind.RAIL: MatchingPolicy(
            fuzzy_matches=True, window_days=3, rounding_units=0, fee_ppm_max=20_000
        ),
        SourceKind.CSV: MatchingPolicy(
            fuzzy_matches=True, window_days=3, rounding_units=1, fee_ppm_max=20_000
        ),
    }
)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """`account_owner` is the LP's name, or None where the chart has one account per asset.

    No two sources are about one account. Raises `SourceInvalid`.
    """

    name: str
    kind: SourceKind
    account_code: AccountCode
    account_owner: str | None = None

    def __post_init__(self) -> None:
        line = CHART[self.account_code]
        if _NAME.fullmatch(self.name) is None:
            raise SourceInvalid("a source is named in a-z, 0-9, _ and -", source=self.name)
        if line.side is not BookSide.HOUSE or line.type is not AccountType.ASSET:
            raise SourceInvalid("only what the house has somewhere can be reconciled")
        if (line.owner is AccountOwner.NONE) != (self.account_owner is None):
            raise SourceInvalid("owner does not fit the chart", account_code=self.account_code)

    @property
    def policy(self) -> MatchingPolicy:
        return POLICIES[self.kind]
