from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from application import crash_points
from application.errors import IdempotencyInProgress
from application.idempotency import Answer, claim
from application.in_flight import InFlight
from application.payments.announcing import transfer_announcement
from application.payments.create_transfer import account_keys, posting_of
from application.payments.posting_refusals import payment_refusal
from application.payments.transfer_items import (
    LINKED,
    FitItem,
    TransferItem,
    answers_by_key,
    refused,
    sorted_out,
)
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.movements import Transfer
from application.ports.transfer_batches import ItemAnswer, TransferBatch
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.assets.catalog import Catalog
from domain.ledger.commands import Request
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.shared.ids import (
    EventId,
    TenantId,
    TransactionId,
    TransferBatchId,
    TransferId,
)
from domain.tenants.tenant import require_active

RESOURCE: Final = "transfer_batch"
# The slash keeps the keys of items apart from all others: no key of a request may hold one.
LEDGER_KEY: Final = "transfer/{key}"
GROUP: Final = 1


class BatchCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Each key is there once."""

    tenant_id: TenantId
    request: IdempotentRequest
    atomic: bool
    items: tuple[TransferItem, ...]


class BatchResult(msgspec.Struct, frozen=True):
    """The answers in the order of the items, and the transfers they name."""

    batch: TransferBatch
    transfers: Mapping[TransferId, Transfer]


class CreateTransferBatch:
    """- Up to 1,000 transfers in one step, in their order: each sees what those before it moved.
    - Each is done or refused by itself; with `atomic`, all are done or none is, and those that
      nothing was wrong with are refused as `linked_failed`.
    - Each has its own key, for ever: once the books have said yes or no, it is answered so in any
      batch, with `replayed`. For another transfer the key is refused as `idempotency_key_reused`.
      What never came to the books (an unknown or suspended customer, a bad amount) decides nothing.
    - An atomic batch repeats as a whole or not at all: if only some of its keys were used before,
      those are refused as `idempotency_key_reused` and nothing is done.
    - Keys of items are not those of `Idempotency-Key`: neither can be in the way of the other.
    - A transfer may be refused for `not_found` (an asset or a customer), `validation_failed` (more
      decimals than the asset has, or nothing), `transfer_to_self`, `customer_suspended`,
      `account_closed`, `insufficient_funds`, `linked_failed` and `idempotency_key_reused`. What is
      malformed, a key that is there twice included, refuses the request.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        in_flight: InFlight,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._in_flight = in_flight
        self._clock = clock
        self._ids = ids

    async def execute(self, command: BatchCommand) -> Answer[BatchResult]:
        """One transaction. Raises `IdempotencyInProgress` when a key is at work elsewhere."""
        require_active(await self._platform.tenant(command.tenant_id))
        catalog = (await self._platform.view()).catalog
        async with (
            self._in_flight.entry(command.tenant_id, command.request.key),
            self._uow.begin(command.tenant_id) as tx,
        ):
            batch_id = TransferBatchId(self._ids.new())
            earlier = await claim(tx, command.request, resource=RESOURCE, resource_id=batch_id)
            if earlier is not None:
                return Answer(await batch_result(tx, TransferBatchId(earlier)), replayed=True)
            result = await self._carry_out(tx, command, batch_id, catalog)
            if crash_points.armed:
                await crash_points.reach(crash_points.BATCH_BEFORE_COMMIT)
            await tx.commit()
            if crash_points.armed:
                await crash_points.reach(crash_points.BATCH_COMMITTED)
            return Answer(result)

    async def _carry_out(
        self, tx: Transaction, command: BatchCommand, batch_id: TransferBatchId, catalog: Catalog
    ) -> BatchResult:
        items, atomic, now = command.items, command.atomic, self._clock.now()
        answered = await tx.transfer_batches.answered([item.key for item in items])
        answers = answers_by_key(items, answered, atomic=atomic)
        fresh = [item for item in items if item.key not in answers]
        parties = {each for item in fresh for each in (item.from_customer_id, item.to_customer_id)}
        customers = await tx.customers.find_all(parties) if fresh else {}
        ready, unfit = sorted_out(fresh, catalog, customers, atomic=atomic)
        answers |= unfit
        made: dict[TransferId, Transfer] = {}
        if ready:
            transfers = [self._made(each, now) for each in ready]
            outcomes = await self._post(tx, ready, transfers, atomic=atomic)
            for each, done, outcome in zip(ready, transfers, outcomes, strict=True):
                answers[each.item.key] = _answer(each.item, done, outcome)
                if outcome.accepted:
                    made[done.id] = done
        if made:
            await tx.transfers.add_all(list(made.values()))
            await tx.outbox.add(
                *(
                    transfer_announcement(EventId(self._ids.new()), each, catalog.asset(each.asset))
                    for each in made.values()
                )
            )
        batch = TransferBatch(
            id=batch_id,
            atomic=atomic,
            answers=tuple(answers[item.key] for item in items),
            created_at=now,
        )
        await tx.transfer_batches.add(batch)
        return BatchResult(batch, {**made, **await _named(tx, batch, but=made)})

    def _made(self, fit: FitItem, now: datetime) -> Transfer:
        return Transfer(
            id=TransferId(self._ids.new()),
            from_customer_id=fit.item.from_customer_id,
            to_customer_id=fit.item.to_customer_id,
            asset=fit.asset,
            units=fit.units,
            reference=fit.item.reference,
            status="completed",
            transaction_id=TransactionId(self._ids.new()),
            created_at=now,
            updated_at=now,
        )

    async def _post(
        self,
        tx: Transaction,
        ready: Sequence[FitItem],
        transfers: Sequence[Transfer],
        *,
        atomic: bool,
    ) -> Sequence[Outcome]:
        named = [account_keys(each) for each in transfers]
        wanted = (key for keys in named for key in keys.values())
        found = await tx.accounts.resolve(dict.fromkeys(wanted))
        posts = tuple(
            msgspec.structs.replace(
                posting_of(made, keys, found),
                request=Request(LEDGER_KEY.format(key=each.item.key), each.item.fingerprint),
                linked=GROUP if atomic else None,
            )
            for each, made, keys in zip(ready, transfers, named, strict=True)
        )
        return await tx.journal.post(posts)


async def batch_result(tx: Transaction, batch_id: TransferBatchId) -> BatchResult:
    """Raises `NotFound`."""
    batch = await tx.transfer_batches.get(batch_id)
    return BatchResult(batch, await _named(tx, batch, but={}))


async def _named(
    tx: Transaction, batch: TransferBatch, *, but: Mapping[TransferId, Transfer]
) -> Mapping[TransferId, Transfer]:
    ids = {each.transfer_id for each in batch.answers if each.transfer_id is not None}
    wanted = ids - but.keys()
    return await tx.transfers.find_all(wanted) if wanted else {}


def _answer(item: TransferItem, made: Transfer, outcome: Outcome) -> ItemAnswer:
    if outcome.replayed or outcome.code is OutcomeCode.KEY_REUSED:
        # Answered between our look and our locks: by now, looking again finds the answer.
        raise IdempotencyInProgress("a key of the batch has just been used", key=item.key)
    match outcome.code:
        case OutcomeCode.LINKED_FAILED:
            return refused(item, LINKED)
        case _:
            refusal = payment_refusal(outcome)
            if refusal is not None:
                return refused(item, refusal)
            return ItemAnswer(key=item.key, fingerprint=item.fingerprint, transfer_id=made.id)
