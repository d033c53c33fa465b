"""What of many findings is shown: the gravest first, and something of every check that failed.

One wrong row may be named by many checks, and one check may name ten thousand rows. Whoever reads
a screen of it must not miss that debits and credits differ because balances do too.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from application.ports.verification import Finding

SHOWN_MAX: Final = 20
# Of one check. What is beyond is neither read nor counted.
COUNTED_MAX: Final = 10_000
# Whatever is not here comes behind, in the order of its first finding.
GRAVEST: Final = (
    "asset_sums_to_zero",
    "transaction_balances",
    "entry_has_header",
    "header_has_entries",
    "entry_fits_its_account",
    "clearing_pair_nets_to_zero",
    "mirror_nets_its_original",
    "clearing_is_mirrored_once",
    "reversal_is_the_only_one",
    "reversal_negates_its_original",
    "reversal_is_registered_once",
    "sealed_rows_are_unchanged",
    "sealed_blocks_are_there",
    "seal_is_the_anchored_one",
    "seal_is_signed_by_a_trusted_key",
    "not_below_floor",
    "balance_equals_entries",
)


class CheckCount(msgspec.Struct, frozen=True):
    """How many rows a check named, `COUNTED_MAX` meaning that many or more."""

    check: str
    findings: int


class Shown(msgspec.Struct, frozen=True):
    """`findings` are the first, `counts` are of all there are; both with the gravest first."""

    findings: tuple[Finding, ...]
    counts: tuple[CheckCount, ...]

    @property
    def hidden(self) -> int:
        return sum(each.findings for each in self.counts) - len(self.findings)


def shown(found: Iterable[Finding]) -> Shown:
    """At most `SHOWN_MAX`, or one of each check if that is more."""
    everything = sorted(found, key=lambda each: _gravity(each.check))
    counts = Counter(each.check for each in everything)
    firsts = {each.check: place for place, each in reversed([*enumerate(everything)])}
    first = set(firsts.values())
    others = [place for place in range(len(everything)) if place not in first]
    places = sorted((*first, *others[: max(SHOWN_MAX - len(first), 0)]))
    return Shown(
        tuple(everything[place] for place in places),
        tuple(CheckCount(check, number) for check, number in counts.items()),
    )


def are_all(found: Sequence[Finding]) -> bool:
    """Whether no check has found as much as is counted: else it may have more, and of others."""
    return all(number < COUNTED_MAX for number in Counter(each.check for each in found).values())


def _gravity(check: str) -> int:
    return GRAVEST.index(check) if check in GRAVEST else len(GRAVEST)
