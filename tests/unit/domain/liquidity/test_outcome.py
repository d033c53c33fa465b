import msgspec
import pytest

from domain.liquidity.outcome import (
    Filled,
    NotSeen,
    Outcome,
    OutcomeKind,
    Pending,
    Rejected,
    Unknown,
)
from tests.unit.domain.builders import NOW

OUTCOMES: list[Outcome | NotSeen] = [
    Filled(lp_execution_id="9007199254740993", base_units=10**25, quote_units=1, executed_at=NOW),
    Rejected(reason="last_look", detail="moved"),
    Pending(),
    Unknown(cause="timeout after send"),
    NotSeen(authoritative=True, detail="neither order nor trade"),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_stored_evidence_reads_back(outcome: Outcome | NotSeen) -> None:
    text = msgspec.json.encode(outcome)
    assert msgspec.json.decode(text, type=Outcome | NotSeen) == outcome


def test_every_kind_is_the_tag_of_one_outcome() -> None:
    tags = {str(type(outcome).__struct_config__.tag) for outcome in OUTCOMES}
    assert tags - {"not_seen"} == set(OutcomeKind)
