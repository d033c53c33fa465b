from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from adapters.http_client.gate import RETRY_AFTER_MAX, Gate

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)


def closed_for(retry_after: str | None) -> timedelta:
    gate = Gate()
    gate.close(NOW, retry_after, default=SECOND)
    until = gate.closed_until(NOW)
    assert until is not None
    return until - NOW


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (None, SECOND),
        ("", SECOND),
        ("0", SECOND),
        ("-5", SECOND),
        ("soon", SECOND),
        ("Wed, 21 Oct 2026 07:28:00 GMT", SECOND),
        ("99999999", RETRY_AFTER_MAX),
        ("9" * 5_000, SECOND),
        ("\u0661", SECOND),
    ],
)
def test_gate_stays_closed_as_long_as_asked_within_reason(
    retry_after: str | None, wait: timedelta
) -> None:
    assert closed_for(retry_after) == wait


def test_gate_opens_again() -> None:
    gate = Gate()
    assert gate.closed_until(NOW) is None
    gate.close(NOW, "2", default=SECOND)
    assert gate.closed_until(NOW + SECOND) is not None
    assert gate.closed_until(NOW + 2 * SECOND) is None


def test_later_answer_never_shortens_a_ban() -> None:
    gate = Gate()
    gate.close(NOW, "120", default=SECOND)
    gate.close(NOW, "1", default=SECOND)
    assert gate.closed_until(NOW + timedelta(seconds=119)) is not None
