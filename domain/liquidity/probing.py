"""Claiming the one quote, or the one execution, that finds out whether an LP works again.

A claim is written before the probe is sent, by whoever wins it: of all processes one sends.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from . import breaker as breakers
from .health import HealthRow, Key
from .observation import Operation
from .quote import LpName
from .standing import gates


def claim_quote(
    rows: Mapping[Key, HealthRow], lp: LpName, instrument: str, *, now: datetime
) -> dict[Key, HealthRow] | None:
    """The rows as they are to be kept; None when no probe is due, or none is needed."""
    shut = {key: each for key, each in gates(rows, lp, instrument).items() if not each.is_closed}
    claimed = {key: breakers.probed(each, now=now) for key, each in shut.items()}
    return _changed(rows, claimed)


def claim_execution(
    rows: Mapping[Key, HealthRow], lp: LpName, instrument: str, *, now: datetime
) -> dict[Key, HealthRow] | None:
    """As above. Of breakers that are closed nothing has to be claimed."""
    shut = {
        key: each
        for key, each in gates(rows, lp, instrument).items()
        if key[2] is not Operation.QUOTE and not each.is_closed
    }
    claimed = {key: breakers.execution_claimed(each, now=now) for key, each in shut.items()}
    return _changed(rows, claimed)


def _changed(
    rows: Mapping[Key, HealthRow], claimed: Mapping[Key, breakers.Breaker | None]
) -> dict[Key, HealthRow] | None:
    kept = {
        key: replace(rows[key], breaker=each) for key, each in claimed.items() if each is not None
    }
    return kept if kept and len(kept) == len(claimed) else None
