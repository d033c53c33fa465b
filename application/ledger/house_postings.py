"""What instructions to mirror make the house post, in one of its transactions."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from application.ports.unit_of_work import Transaction
from domain.ledger.commands import Post
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.ledger.templates import (
    FactMirror,
    MirrorInstruction,
    ReversalMirror,
    mirror_keys,
    mirror_transaction,
    reversal_mirror,
)


class HousePostings:
    """`tx` is a transaction of the house, `at` the time of posting."""

    def __init__(self, tx: Transaction, *, at: datetime) -> None:
        self._tx = tx
        self._at = at

    async def follow(self, instructions: Sequence[MirrorInstruction]) -> tuple[Outcome | None, ...]:
        """One outcome each, None for a reversal of what the house has not mirrored yet.

        Facts go first, so that a reversal finds the mirror of its original if both came together.
        A mirror that comes when the house has closed its day counts for the day it comes.
        """
        outcomes = await self._each(instructions)
        late = [
            position
            for position, outcome in enumerate(outcomes)
            if outcome is not None and outcome.code is OutcomeCode.PERIOD_CLOSED
        ]
        today = self._at.date()
        again = await self._each(
            [replace(instructions[position], effective_on=today) for position in late]
        )
        moved = dict(zip(late, again, strict=True))
        return tuple(moved.get(position, each) for position, each in enumerate(outcomes))

    async def _each(self, instructions: Sequence[MirrorInstruction]) -> list[Outcome | None]:
        facts = {
            position: each
            for position, each in enumerate(instructions)
            if not isinstance(each, ReversalMirror)
        }
        posted = await self._facts(list(facts.values()))
        outcomes: list[Outcome | None] = [None] * len(instructions)
        for position, outcome in zip(facts, posted, strict=True):
            outcomes[position] = outcome
        for position, each in enumerate(instructions):
            if isinstance(each, ReversalMirror):
                outcomes[position] = await self._reversal(each)
        return outcomes

    async def _facts(self, facts: Sequence[FactMirror]) -> tuple[Outcome, ...]:
        if not facts:
            return ()
        keys = {key for each in facts for key in mirror_keys(each)}
        accounts = await self._tx.accounts.resolve(sorted(keys, key=repr))
        return await self._tx.journal.post(
            tuple(Post(mirror_transaction(each, accounts), self._at) for each in facts)
        )

    async def _reversal(self, instruction: ReversalMirror) -> Outcome | None:
        mirrored = await self._tx.journal.mirror(
            instruction.mirror_of_original, reference=instruction.reference
        )
        if mirrored is None:
            return None
        reversing = reversal_mirror(
            instruction.header, mirrored.transaction, mirror_of=instruction.mirror_of
        )
        (outcome,) = await self._tx.journal.post((Post(reversing, self._at),))
        return outcome
