"""The header that makes a simulator fail: read as docs/simulator.md says, or refused."""

import pytest

from entrypoints.http.problems import ApiError
from entrypoints.http.requests import Headers


def scenario_of(text: str) -> str | None:
    return Headers([(b"x-aksum-scenario", text.encode())]).scenario


@pytest.mark.parametrize(
    "text",
    [
        "execute_timeout_after_commit",
        "quote_slow:ms=500, price_off_by:bps=-30",
        "execute_timeout_after_commit, lookup_404_then_found:lookups=3;delay_ms=20",
    ],
)
def test_documented_forms_reach_the_simulator_as_they_came(text: str) -> None:
    assert scenario_of(text) == text


def test_absent_header_asks_for_no_fault() -> None:
    assert Headers([]).scenario is None


@pytest.mark.parametrize(
    "text", ["", "Quote_5xx", "quote_5xx:", "a b", "a;b", "a:ms=1.5", "a,,b", "a\x00", "a" * 65]
)
def test_anything_else_is_refused_and_not_ignored(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        scenario_of(text)
    assert refused.value.code == "validation_failed"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("execute_timeout_after_comit", "unknown fault"),
        ("quote_5xx, bogus", "unknown fault"),
        ("quote_slow:millis=5", "quote_slow has no parameter millis"),
    ],
)
def test_fault_that_no_simulator_knows_is_refused_before_a_vendor_is_asked(
    text: str, says: str
) -> None:
    with pytest.raises(ApiError) as refused:
        scenario_of(text)
    assert refused.value.code == "validation_failed"
    assert says in str(refused.value)


def test_fault_of_another_dialect_passes() -> None:
    assert scenario_of("webhook_lost") == "webhook_lost"
