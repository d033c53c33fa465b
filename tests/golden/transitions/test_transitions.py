"""Every state against every event, as text to review. `UPDATE_GOLDEN=1` rewrites the tables."""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

import pytest

from domain.liquidity.outcome import Filled, NotSeen, Outcome, Pending, Rejected, Unknown
from domain.liquidity.proofs import Absence
from domain.liquidity.resolution import (
    AlreadySettled,
    AttemptState,
    AttemptStatus,
    KeepLooking,
    Settle,
    decide,
)
from domain.orders.events import OrderEvent
from domain.orders.lifecycle import RFQ_EVENTS, TRANSITIONS
from domain.orders.order import OrderStatus
from tests.unit.domain.builders import NOW

FOLDER: Final = Path(__file__).parent
REFUSED: Final = "-"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Columns padded to their widest cell."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in cells
    )


def order_transitions() -> str:
    events = get_args(OrderEvent)
    rows = [
        [
            event.__name__,
            "yes" if event in RFQ_EVENTS else REFUSED,
            *(" | ".join(TRANSITIONS.get((status, event), (REFUSED,))) for status in OrderStatus),
        ]
        for event in events
    ]
    return table(["event", "rfq", *OrderStatus], rows)


ABSENCE: Final = Absence(witnesses=("a", "b"), after="expiry")
SIGHTINGS: Final[dict[str, Outcome | NotSeen | None]] = {
    "filled": Filled(lp_execution_id="x", base_units=1, quote_units=1, executed_at=NOW),
    "rejected": Rejected(reason="r", detail="d"),
    "pending": Pending(),
    "unknown": Unknown(cause="c"),
    "not seen": NotSeen(authoritative=False, detail="d"),
    "not seen, authoritative": NotSeen(authoritative=True, detail="d", witnesses=("a", "b")),
    "not seen, one witness": NotSeen(authoritative=True, detail="d", witnesses=("a",)),
    "no lookup": None,
}


def resolutions() -> str:
    """Per sighting: before and after the LP's deadline plus margin, and for an LP whose expired
    quotes still execute."""
    rows = [
        [
            status,
            name,
            resolution(status, seen, late=False, proves_absence=True),
            resolution(status, seen, late=True, proves_absence=True),
            resolution(status, seen, late=True, proves_absence=False),
        ]
        for status in AttemptStatus
        for name, seen in SIGHTINGS.items()
    ]
    return table(["attempt", "seen", "in time", "late", "late, absence proves nothing"], rows)


def resolution(
    status: AttemptStatus, seen: Outcome | NotSeen | None, *, late: bool, proves_absence: bool
) -> str:
    attempt = AttemptState(
        status=status, lp_expires_at=NOW, absence=ABSENCE if proves_absence else None, looks=0
    )
    margin = timedelta(seconds=60)
    now = NOW + 2 * margin if late else NOW
    match decide(attempt, seen, now=now, margin=margin):
        case Settle(outcome=outcome, proof=proof):
            return f"{type(outcome).__name__.lower()} by {proof}"
        case KeepLooking(outcome=outcome, needs_operator=needs_operator):
            word = type(outcome).__name__.lower()
            return f"{word}, operator" if needs_operator else word
        case AlreadySettled(contradicted=contradicted):
            return "contradicted" if contradicted else "settled"


@pytest.mark.parametrize(
    ("name", "make"), [("order.txt", order_transitions), ("attempt.txt", resolutions)]
)
def test_table_is_the_one_that_was_reviewed(name: str, make: Callable[[], str]) -> None:
    golden, text = FOLDER / name, make()
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text
