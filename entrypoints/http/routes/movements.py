from typing import Final

from application.payments.create_transfer import CreateTransfer, TransferCommand
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from domain.shared.ids import CustomerId, DepositId, IdPrefix, TransferId, decode_id
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.movements import (
    CreateDepositBody,
    CreateTransferBody,
    DepositBody,
    TransferBody,
    deposit_body,
    transfer_body,
)
from entrypoints.http.schemas.values import units_of


@operation(
    "POST",
    "/v1/transfers",
    summary="Move money between two customers",
    scope=Scope.MONEY,
    takes=CreateTransferBody,
    answers={201: TransferBody},
    idempotent=True,
    refusals=(
        "not_found",
        "tenant_suspended",
        "customer_suspended",
        "account_closed",
        "insufficient_funds",
        "transfer_to_self",
    ),
    policy=CreateTransfer,
)
async def create_transfer(call: Call[CreateTransferBody]) -> Reply:
    services, body = call.services, call.input
    catalog = (await services.platform.view()).catalog
    asset = catalog.asset(body.asset)
    done = await services.create_transfer.execute(
        TransferCommand(
            tenant_id=call.tenant_id,
            request=call.idempotency,
            from_customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, body.from_customer_id)),
            to_customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, body.to_customer_id)),
            asset=asset.code,
            units=units_of(body.amount, asset, field="amount"),
            reference=body.reference,
        )
    )
    shown = transfer_body(done.value, catalog)
    return created(shown, location=f"/v1/transfers/{shown.id}", replayed=done.replayed)


@operation(
    "GET",
    "/v1/transfers/{transfer_id}",
    summary="Get a transfer",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: TransferBody},
    item=IdPrefix.TRANSFER,
)
async def get_transfer(call: Call[Nothing]) -> Reply:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        transfer = await tx.transfers.get(TransferId(call.item_id))
    return answer(transfer_body(transfer, catalog))


@operation(
    "POST",
    "/v1/sandbox/deposits",
    summary="Credit a customer as a confirmed deposit would",
    scope=Scope.MONEY,
    takes=CreateDepositBody,
    answers={201: DepositBody},
    idempotent=True,
    sandbox_only=True,
    refusals=("not_found", "tenant_suspended", "customer_suspended", "account_closed"),
    policy=DepositInSandbox,
)
async def create_sandbox_deposit(call: Call[CreateDepositBody]) -> Reply:
    services, body = call.services, call.input
    catalog = (await services.platform.view()).catalog
    asset = catalog.asset(body.asset)
    done = await services.deposit_in_sandbox.execute(
        DepositCommand(
            tenant_id=call.tenant_id,
            request=call.idempotency,
            customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, body.customer_id)),
            asset=asset.code,
            units=units_of(body.amount, asset, field="amount"),
        )
    )
    shown = deposit_body(done.value, catalog)
    return created(shown, location=f"/v1/deposits/{shown.id}", replayed=done.replayed)


@operation(
    "GET",
    "/v1/deposits/{deposit_id}",
    summary="Get a deposit",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: DepositBody},
    item=IdPrefix.DEPOSIT,
)
async def get_deposit(call: Call[Nothing]) -> Reply:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        deposit = await tx.deposits.get(DepositId(call.item_id))
    return answer(deposit_body(deposit, catalog))


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_transfer,
    get_transfer,
    create_sandbox_deposit,
    get_deposit,
)
