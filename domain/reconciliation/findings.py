"""What no rule matched, and what kind of difference that is."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ..shared.money import PPM, AssetCode
from .matching import Match, Matched, Name, Pair, match
from .sides import Item, Line
from .source import MatchingPolicy

# Two clocks differ, and an entry this close to the end of a statement may belong to the next.
TIMING_SLACK: Final = timedelta(minutes=5)


class BreakType(StrEnum):
    MISSING_INTERNAL = "missing_internal"
    MISSING_EXTERNAL = "missing_external"
    AMOUNT = "amount"
    DUPLICATE = "duplicate"
    TIMING = "timing"
    FEE = "fee"
    FX_ROUNDING = "fx_rounding"
    REVERSED = "reversed"


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the two sides; references are those of lines.

    - `unfinished`: work of ours that is under way, and which: its entry will still come.
    - `pending`, `failed`: what the source itself says is not over, or did not happen.
    - `earlier`: names of which a line was matched before.
    - `until`: the end of the statement. What was booked later belongs to the next one.
    """

    unfinished: Mapping[str, str]
    pending: AbstractSet[str]
    failed: AbstractSet[str]
    earlier: AbstractSet[Name]
    until: datetime


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A break in the making. `units` is what the source has and our books do not.

    So it is also what an adjustment has to add to our account. Without a line and an item it is a
    difference of balances that nothing explains.
    """

    type: BreakType
    asset: AssetCode
    units: int
    line: Line | None = None
    item: Item | None = None
    detail: str


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """`later` are entries that were booked after the statement ended, and are not in it."""

    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]
    later: tuple[Item, ...]
    suggestions: tuple[Pair, ...]


def reconcile(
    lines: Iterable[Line], items: Iterable[Item], *, policy: MatchingPolicy, known: Knowledge
) -> Reconciled:
    """Every line is in one match or one finding, and every item in one of those or in `later`.

    Per asset, lines minus items, without the later ones, is what the findings add up to.
    """
    found = match(lines, items, policy=policy, earlier=known.earlier)
    later = tuple(item for item in found.items if item.booked_at >= known.until)
    return Reconciled(
        matches=found.matches,
        findings=(
            *(_of_pair(each, policy) for each in found.pairs),
            *(_of_line(each, found, known) for each in found.lines),
            *(_of_item(each, found, known) for each in found.items if each not in later),
        ),
        later=later,
        suggestions=found.suggestions,
    )


def _of_pair(pair: Pair, policy: MatchingPolicy) -> Finding:
    line, item = pair.line, pair.item
    units = line.units - item.units
    # A fee leaves us with less than we booked; what leaves us with more is none.
    fee_max = abs(item.units) * policy.fee_ppm_max // PPM
    if abs(units) <= policy.rounding_units:
        kind = BreakType.FX_ROUNDING
    elif -fee_max <= units < 0:
        kind = BreakType.FEE
    else:
        kind = BreakType.AMOUNT
    return Finding(
        type=kind,
        asset=line.asset,
        units=units,
        line=line,
        item=item,
        detail=f"the source has {line.units} units and our books {item.units}",
    )


def _of_line(line: Line, found: Matched, known: Knowledge) -> Finding:
    if (line.asset, line.ref) in found.names:
        kind, detail = BreakType.DUPLICATE, "the source has it a second time"
    elif line.ref in known.unfinished:
        kind, detail = BreakType.TIMING, known.unfinished[line.ref]
    else:
        kind, detail = BreakType.MISSING_INTERNAL, "our books have nothing of that reference"
    return Finding(type=kind, asset=line.asset, units=line.units, line=line, detail=detail)


def _of_item(item: Item, found: Matched, known: Knowledge) -> Finding:
    if any((item.asset, ref) in found.names for ref in item.refs):
        kind, detail = BreakType.DUPLICATE, "our books have it a second time"
    elif any(ref in known.failed for ref in item.refs):
        kind, detail = BreakType.REVERSED, "the source says that it did not happen"
    elif any(ref in known.pending for ref in item.refs):
        kind, detail = BreakType.TIMING, "the source has not finished it"
    elif item.booked_at >= known.until - TIMING_SLACK:
        kind, detail = BreakType.TIMING, "booked just before the statement ended"
    else:
        kind, detail = BreakType.MISSING_EXTERNAL, "the source has nothing of that reference"
    return Finding(type=kind, asset=item.asset, units=-item.units, item=item, detail=detail)
