from collections.abc import Sequence
from typing import Final

from application.idempotency import fingerprint
from application.payments.create_transfer_batch import (
    BatchCommand,
    CreateTransferBatch,
    batch_result,
)
from application.payments.transfer_items import TransferItem
from domain.shared.ids import CustomerId, IdPrefix, TransferBatchId, decode_id
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.transfer_batches import (
    BatchTransferBody,
    CreateTransferBatchBody,
    TransferBatchBody,
    transfer_batch_body,
)

# The largest number of the largest transfers, in UTF-8.
BODY_BYTES_MAX: Final = 1024 * 1024
ITEM: Final = "transfer of a batch"


@operation(
    "POST",
    "/v1/transfers/batch",
    summary="Move money between many customers",
    scope=Scope.MONEY,
    takes=CreateTransferBatchBody,
    answers={201: TransferBatchBody},
    idempotent=True,
    body_bytes_max=BODY_BYTES_MAX,
    refusals=("tenant_suspended",),
    policy=CreateTransferBatch,
)
async def create_transfer_batch(call: Call[CreateTransferBatchBody]) -> Reply:
    services, body = call.services, call.input
    catalog = (await services.platform.view()).catalog
    _require_own_keys(body.transfers)
    done = await services.create_transfer_batch.execute(
        BatchCommand(
            tenant_id=call.tenant_id,
            request=call.idempotency,
            atomic=body.atomic,
            items=tuple(_item(each) for each in body.transfers),
        )
    )
    shown = transfer_batch_body(done.value, catalog)
    return created(shown, location=f"/v1/transfers/batch/{shown.id}", replayed=done.replayed)


@operation(
    "GET",
    "/v1/transfers/batch/{transfer_batch_id}",
    summary="Get a batch of transfers with the result of each",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: TransferBatchBody},
    item=IdPrefix.TRANSFER_BATCH,
)
async def get_transfer_batch(call: Call[Nothing]) -> Reply:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        found = await batch_result(tx, TransferBatchId(call.item_id))
    return answer(transfer_batch_body(found, catalog))


def _require_own_keys(transfers: Sequence[BatchTransferBody]) -> None:
    seen: set[str] = set()
    for position, each in enumerate(transfers):
        if each.idempotency_key in seen:
            pointer = f"/transfers/{position}/idempotency_key"
            raise invalid("this key is in the batch twice", pointer=pointer)
        seen.add(each.idempotency_key)


def _item(body: BatchTransferBody) -> TransferItem:
    return TransferItem(
        key=body.idempotency_key,
        fingerprint=fingerprint(ITEM, body),
        from_customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, body.from_customer_id)),
        to_customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, body.to_customer_id)),
        asset=body.asset,
        amount=body.amount,
        reference=body.reference,
    )


OPERATIONS: Final[tuple[AnyOperation, ...]] = (create_transfer_batch, get_transfer_batch)
