"""The histories that the machines are driven by do meet every refusal, or agreeing says little."""

from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ledger.commands import Post
from domain.ledger.entry import JournalTransaction
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.rules import apply, decide
from tests.stateful.ledger_histories import CLOSABLE, batches, cast
from tests.unit.domain.ledger.books import books_of

HISTORIES = 10
BATCHES = 25
# Cannot be built; and takes 10**8 of the largest entries there can be.
NEVER_MET = {OutcomeCode.UNBALANCED, OutcomeCode.BALANCE_LIMIT}


def test_histories_meet_every_outcome_and_replay_accepted_and_refused() -> None:
    """The same histories each time: whoever changes the strategies sees what they miss now."""
    met: Counter[tuple[OutcomeCode, bool]] = Counter()

    @settings(
        max_examples=HISTORIES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def live(data: st.DataObject) -> None:
        state, posted = books_of(cast()), list[JournalTransaction]()
        for number in range(BATCHES):
            if number == BATCHES // 2:
                state = replace(state, closed_through=CLOSABLE[0])
            batch = data.draw(batches(list(state.holds.values()), posted))
            decision = decide(batch, state)
            for command, outcome in zip(batch, decision.outcomes, strict=True):
                met[outcome.code, outcome.replayed] += 1
                if isinstance(command, Post) and outcome.accepted and not outcome.replayed:
                    posted.append(command.transaction)
            state = apply(state, decision.deltas)

    live()
    assert {code for code, _ in met} == set(OutcomeCode) - NEVER_MET
    assert met[OutcomeCode.OK, False] > met.total() / 10
    assert met[OutcomeCode.OK, True] > 0
    assert met[OutcomeCode.BELOW_FLOOR, True] > 0
