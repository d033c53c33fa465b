"""Many transfers in one request, and what became of each."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from application.payments.create_transfer_batch import BatchResult
from application.ports.transfer_batches import TRANSFERS_MAX, ItemAnswer
from domain.assets.catalog import Catalog
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.problems import PUBLIC_CODES
from entrypoints.http.schemas.movements import TransferBody, transfer_body
from entrypoints.http.schemas.values import (
    AssetText,
    Body,
    CustomerRef,
    ItemKey,
    Line,
    PositiveDecimal,
    Timestamp,
    TransferBatchRef,
    timestamp,
)


class BatchTransferBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A transfer with a key of its own, which is not to be there twice."""

    idempotency_key: ItemKey
    from_customer_id: CustomerRef
    to_customer_id: CustomerRef
    asset: AssetText
    amount: PositiveDecimal
    reference: Line | None = None


class CreateTransferBatchBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`atomic`: all of them or none."""

    transfers: Annotated[list[BatchTransferBody], Meta(min_length=1, max_length=TRANSFERS_MAX)]
    atomic: bool = False


class ItemProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is one of those that problems have."""

    code: str
    detail: str


class TransferResultBody(msgspec.Struct, frozen=True, kw_only=True):
    """`transfer` when it is completed, `problem` when it is refused; the other is null.

    `replayed` when the key was answered by an earlier batch, with just this.
    """

    idempotency_key: str
    status: Literal["completed", "refused"]
    replayed: bool
    transfer: TransferBody | None
    problem: ItemProblemBody | None


class TransferBatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """`data` is in the order of the request."""

    id: TransferBatchRef
    atomic: bool
    data: list[TransferResultBody]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def transfer_batch_body(result: BatchResult, catalog: Catalog) -> TransferBatchBody:
    batch = result.batch
    created_at = timestamp(batch.created_at)
    return TransferBatchBody(
        id=encode_id(IdPrefix.TRANSFER_BATCH, batch.id),
        atomic=batch.atomic,
        data=[_result(each, result, catalog) for each in batch.answers],
        created_at=created_at,
        updated_at=created_at,
        version=1,
    )


def _result(answer: ItemAnswer, result: BatchResult, catalog: Catalog) -> TransferResultBody:
    made, refusal = answer.transfer_id, answer.refusal
    return TransferResultBody(
        idempotency_key=answer.key,
        status="completed" if refusal is None else "refused",
        replayed=answer.replayed,
        transfer=None if made is None else transfer_body(result.transfers[made], catalog),
        problem=None
        if refusal is None
        else ItemProblemBody(
            code=PUBLIC_CODES.get(refusal.code, refusal.code), detail=refusal.detail
        ),
    )
