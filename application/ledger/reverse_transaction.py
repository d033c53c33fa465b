import hashlib
from datetime import date
from typing import Final

import msgspec

from application import crash_points
from application.errors import IdempotencyKeyReused, InsufficientFunds
from application.ports.clock import Clock, IdGenerator
from application.ports.corrections import Correction
from application.ports.intents import IntentKind
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.account_terms import AccountClosed
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post, Request
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.ledger.period import PeriodClosed
from domain.ledger.reversible import (
    OriginalNotFound,
    OriginalReversed,
    require_reason,
    require_reversible,
    reversal_day,
)
from domain.ledger.templates import Header, reversal, reversal_instruction
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import IdPrefix, TenantId, TransactionId, encode_id
from domain.tenants.operator import Operator

# Apart from the keys of those who post through the API, in the same books.
KEY_PREFIX: Final = "reversal:"


class ReverseCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`effective_on` None is today, `key` None is a request that nobody will repeat."""

    tenant_id: TenantId
    transaction_id: TransactionId
    reason: str
    by: Operator
    effective_on: date | None = None
    key: str | None = None


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """`mirrored` when the house's books have to follow, which they do by themselves."""

    transaction: JournalTransaction
    mirrored: bool
    replayed: bool


class ReverseTransaction:
    """- Takes a whole posting back by another one with every sign turned, once.
    - Only what the books alone decided: what happened outside is set right by a fact of its own.
    - Floors apply: what was spent since cannot be taken back. Captured holds stay captured.
    - What the house mirrored of it, the house reverses too, from an instruction in the same commit.
    - Who did it and why is on record with it. The same key again is answered with what was done.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, command: ReverseCommand) -> Reversal:
        reason = require_reason(command.reason)
        async with self._uow.begin(command.tenant_id) as tx:
            original = await _original(tx, command.transaction_id)
            now = self._clock.now()
            header = Header(
                TransactionId(self._ids.new()),
                original.reference,
                reversal_day(command.effective_on, original, today=now.date()),
            )
            reversing = reversal(header, original)
            (outcome,) = await tx.journal.post((Post(reversing, now, request=_request(command)),))
            if outcome.accepted and not outcome.replayed:
                correction = Correction(
                    transaction_id=reversing.id,
                    reverses=original.id,
                    reason=reason,
                    made_by=command.by.name,
                    made_at=now,
                )
                await tx.corrections.add(correction)
                if await _is_mirrored(tx, original):
                    await self._instruct(tx, command.tenant_id, reversing)
            # A refusal too, where it is kept as the answer to its key.
            if outcome.accepted or command.key is not None:
                if crash_points.armed:
                    await crash_points.reach(crash_points.REVERSE_BEFORE_COMMIT)
                await tx.commit()
                if crash_points.armed:
                    await crash_points.reach(crash_points.REVERSE_COMMITTED)
        _require_accepted(outcome, command)
        return await self._done(command, outcome, reversing)

    async def _instruct(
        self, tx: Transaction, tenant_id: TenantId, reversing: JournalTransaction
    ) -> None:
        if reversing.reverses is None:
            raise InvariantViolation("a reversal names what it reverses")
        header = Header(TransactionId(self._ids.new()), reversing.reference, reversing.effective_on)
        instruction = reversal_instruction(
            header, reversing.reverses, mirror_of=MirrorOf(tenant_id, reversing.id)
        )
        payload = msgspec.json.encode(instruction)
        await tx.intents.add(IntentKind.MIRROR, reversing.id, payload=payload)

    async def _done(
        self, command: ReverseCommand, outcome: Outcome, reversing: JournalTransaction
    ) -> Reversal:
        made = outcome.transaction_id if outcome.replayed else reversing.id
        if made is None:
            raise InvariantViolation("an answered post says what was posted")
        async with self._uow.begin(command.tenant_id) as tx:
            posted = (await tx.journal.transaction(made)).transaction
            mirrored = await _is_mirrored(tx, posted)
        return Reversal(transaction=posted, mirrored=mirrored, replayed=outcome.replayed)


async def _original(tx: Transaction, transaction_id: TransactionId) -> JournalTransaction:
    try:
        original = (await tx.journal.transaction(transaction_id)).transaction
    except NotFound:
        raise OriginalNotFound("these books have no such transaction") from None
    require_reversible(original)
    return original


async def _is_mirrored(tx: Transaction, transaction: JournalTransaction) -> bool:
    """Whatever touches the clearing has its other end in the house's books."""
    views = [await tx.accounts.get(entry.account_id) for entry in transaction.entries]
    return any(view.account.key.code is AccountCode.HOUSE_CLEARING for view in views)


def _request(command: ReverseCommand) -> Request | None:
    if command.key is None:
        return None
    asked = (command.transaction_id.hex, command.reason.strip(), command.effective_on)
    fingerprint = hashlib.sha256(msgspec.json.encode(asked)).digest()
    return Request(KEY_PREFIX + command.key, fingerprint)


def _require_accepted(outcome: Outcome, command: ReverseCommand) -> None:
    replayed = outcome.replayed
    match outcome.code:
        case OutcomeCode.OK:
            return
        case OutcomeCode.ORIGINAL_REVERSED if outcome.transaction_id is not None:
            reversed_by = encode_id(IdPrefix.TRANSACTION, outcome.transaction_id)
            raise OriginalReversed("it was reversed before", reversed_by=reversed_by)
        case OutcomeCode.PERIOD_CLOSED:
            raise PeriodClosed("that day is closed; take a later one", replayed=replayed)
        case OutcomeCode.ACCOUNT_CLOSED:
            raise AccountClosed("an account of it was closed since", replayed=replayed)
        case OutcomeCode.BELOW_FLOOR:
            raise InsufficientFunds(
                "an account that would have to give it back no longer has it", replayed=replayed
            )
        case OutcomeCode.KEY_REUSED:
            raise IdempotencyKeyReused("this key was used for another request", key=command.key)
        case _:
            raise InvariantViolation(f"a reversal was refused: {outcome.error_code}")
