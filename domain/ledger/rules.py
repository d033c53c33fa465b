"""May this be posted? The one place that says so, for every store.

- Commands are decided in order, and see what the accepted ones before them did.
- A refused command has no effect at all. A group of linked commands is accepted as a whole or not
  at all: the first refused one is told why, the others that they were linked to it.
- Before everything else: a command whose key was used for the same gets the answer given then.
- An account's floor is held after every entry. A transaction has one entry per account, so it is
  judged by its net effect there, together with the holds it captures.
- Nothing here reads a clock: each command carries the time it is judged at.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from ..shared.errors import InvariantViolation, RuleViolation
from ..shared.ids import HoldId
from .commands import COMMANDS_MAX, Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from .decision import AccountDelta, Decision, Deltas, HoldChange, NumberedEntry, apply
from .draft import Draft
from .hold import Hold, capture, expire, release
from .outcomes import Outcome, OutcomeCode
from .refusals import judge
from .state import Answer, LedgerState

__all__ = [
    "AccountDelta",
    "BatchInvalid",
    "Decision",
    "Deltas",
    "HoldChange",
    "LedgerState",
    "NumberedEntry",
    "apply",
    "decide",
]

LINKED: Final = attrgetter("linked")


class BatchInvalid(RuleViolation):
    code = "batch_invalid"


def decide(batch: Batch, state: LedgerState) -> Decision:
    """The outcome of each command and what the accepted ones change. Raises `BatchInvalid`."""
    if len(batch) > COMMANDS_MAX:
        raise BatchInvalid(f"a batch has at most {COMMANDS_MAX} commands", commands=len(batch))
    draft = Draft(state)
    outcomes: list[Outcome] = []
    seen: set[int] = set()
    for linked, commands in groupby(batch, key=LINKED):
        if linked is None:
            outcomes.extend([_answer(command, draft) for command in commands])
            continue
        if linked in seen:
            raise BatchInvalid("linked commands stand next to each other", linked=linked)
        seen.add(linked)
        group = tuple(commands)
        if len({command.request is None for command in group}) > 1:
            raise BatchInvalid("all linked commands have a key or none has", linked=linked)
        outcomes.extend(_answer_group(group, draft))
    return Decision(tuple(outcomes), draft.deltas())


def _answer(command: Command, draft: Draft) -> Outcome:
    if command.request is None:
        return _decide(command, draft)
    (outcome,) = _answer_group((command,), draft)
    return outcome


def _answer_group(group: tuple[Command, ...], draft: Draft) -> Iterable[Outcome]:
    if group[0].request is None:
        return _decide_group(group, draft)
    earlier = _answered(group, draft)
    if earlier is not None:
        return earlier
    outcomes = tuple(_decide_group(group, draft))
    for command, outcome in zip(group, outcomes, strict=True):
        if command.request is not None:
            answer = Answer(command.request.fingerprint, _to_keep(command, outcome))
            draft.keep_answer(command.request.key, answer)
    return outcomes


def _to_keep(command: Command, outcome: Outcome) -> Outcome:
    """Asked again, a post has made itself another id: what was posted is what the answer says."""
    if isinstance(command, Post) and outcome.accepted:
        return replace(outcome, transaction_id=command.transaction.id)
    return outcome


def _answered(group: tuple[Command, ...], draft: Draft) -> tuple[Outcome, ...] | None:
    """None when no key of the group was used before. One that was, for anything else, is fatal."""
    requests = [command.request for command in group if command.request is not None]
    answers = [draft.answer(request.key) for request in requests]
    repeated = len({request.key for request in requests}) < len(requests)
    if not repeated and all(answer is None for answer in answers):
        return None
    outcomes: list[Outcome] = []
    for position, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        if answer is None or repeated or answer.fingerprint != request.fingerprint:
            failed = [Outcome(OutcomeCode.LINKED_FAILED)] * len(group)
            failed[position] = Outcome(OutcomeCode.KEY_REUSED)
            return tuple(failed)
        outcomes.append(replace(answer.outcome, replayed=True))
    return tuple(outcomes)


def _decide_group(group: tuple[Command, ...], draft: Draft) -> Iterable[Outcome]:
    if len(group) == 1:
        return (_decide(group[0], draft),)
    trial = Draft(draft)
    outcomes: list[Outcome] = []
    for position, command in enumerate(group):
        outcome = _decide(command, trial)
        if not outcome.accepted:
            failed = [Outcome(OutcomeCode.LINKED_FAILED)] * len(group)
            failed[position] = outcome
            return failed
        outcomes.append(outcome)
    draft.take_over(trial)
    return outcomes


def _decide(command: Command, draft: Draft) -> Outcome:
    outcome = judge(command, draft)
    if outcome.accepted:
        _carry_out(command, draft)
    return outcome


def _carry_out(command: Command, draft: Draft) -> None:
    match command:
        case Post(transaction=transaction, at=at):
            draft.post(transaction)
            for taken in transaction.captures:
                hold = _accepted_hold(draft, taken.hold_id)
                draft.change_hold(capture(hold, taken.units, final=taken.final, at=at))
        case PlaceHold(hold=hold):
            draft.change_hold(hold)
        case ReleaseHold(hold_id=hold_id):
            draft.change_hold(release(_accepted_hold(draft, hold_id)))
        case ExpireHold(hold_id=hold_id, at=at):
            draft.change_hold(expire(_accepted_hold(draft, hold_id), at=at))


def _accepted_hold(draft: Draft, hold_id: HoldId) -> Hold:
    hold = draft.hold(hold_id)
    if hold is None:
        raise InvariantViolation("a command was accepted for a hold that is not there")
    return hold
