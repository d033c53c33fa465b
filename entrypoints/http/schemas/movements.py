"""Money that moves without a trade."""

import msgspec

from application.ports.movements import Deposit, Transfer
from domain.assets.catalog import Catalog
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.schemas.values import (
    AssetText,
    Body,
    CustomerRef,
    DecimalText,
    DepositRef,
    Line,
    PositiveDecimal,
    Timestamp,
    TransactionRef,
    TransferRef,
    decimal,
    timestamp,
)


class CreateTransferBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`reference` is for people and comes back as it was sent."""

    from_customer_id: CustomerRef
    to_customer_id: CustomerRef
    asset: AssetText
    amount: PositiveDecimal
    reference: Line | None = None


class TransferBody(msgspec.Struct, frozen=True, kw_only=True):
    id: TransferRef
    status: str
    from_customer_id: CustomerRef
    to_customer_id: CustomerRef
    asset: AssetText
    amount: DecimalText
    reference: str | None
    transaction_id: TransactionRef
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class CreateDepositBody(Body, frozen=True, kw_only=True):
    customer_id: CustomerRef
    asset: AssetText
    amount: PositiveDecimal


class DepositBody(msgspec.Struct, frozen=True, kw_only=True):
    id: DepositRef
    status: str
    method: str
    customer_id: CustomerRef
    asset: AssetText
    amount: DecimalText
    transaction_id: TransactionRef
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def transfer_body(transfer: Transfer, catalog: Catalog) -> TransferBody:
    return TransferBody(
        id=encode_id(IdPrefix.TRANSFER, transfer.id),
        status=transfer.status,
        from_customer_id=encode_id(IdPrefix.CUSTOMER, transfer.from_customer_id),
        to_customer_id=encode_id(IdPrefix.CUSTOMER, transfer.to_customer_id),
        asset=transfer.asset,
        amount=decimal(transfer.units, catalog.asset(transfer.asset)),
        reference=transfer.reference,
        transaction_id=encode_id(IdPrefix.TRANSACTION, transfer.transaction_id),
        created_at=timestamp(transfer.created_at),
        updated_at=timestamp(transfer.updated_at),
        version=transfer.version,
    )


def deposit_body(deposit: Deposit, catalog: Catalog) -> DepositBody:
    return DepositBody(
        id=encode_id(IdPrefix.DEPOSIT, deposit.id),
        status=deposit.status,
        method=deposit.method,
        customer_id=encode_id(IdPrefix.CUSTOMER, deposit.customer_id),
        asset=deposit.asset,
        amount=decimal(deposit.units, catalog.asset(deposit.asset)),
        transaction_id=encode_id(IdPrefix.TRANSACTION, deposit.transaction_id),
        created_at=timestamp(deposit.created_at),
        updated_at=timestamp(deposit.updated_at),
        version=deposit.version,
    )
