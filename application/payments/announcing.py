"""What is told of transfers and deposits."""

from application.ports.movements import Deposit, Transfer
from domain.assets.asset import Asset
from domain.payments.announcements import DepositConfirmed, TransferCompleted
from domain.shared.events import Announcement, announce
from domain.shared.ids import EventId, IdPrefix, encode_id
from domain.shared.money import format_units


def transfer_announcement(event_id: EventId, transfer: Transfer, asset: Asset) -> Announcement:
    payload = TransferCompleted(
        id=encode_id(IdPrefix.TRANSFER, transfer.id),
        from_customer_id=encode_id(IdPrefix.CUSTOMER, transfer.from_customer_id),
        to_customer_id=encode_id(IdPrefix.CUSTOMER, transfer.to_customer_id),
        asset=asset.code,
        amount=format_units(transfer.units, scale=asset.scale),
        reference=transfer.reference,
        transaction_id=encode_id(IdPrefix.TRANSACTION, transfer.transaction_id),
    )
    return announce(
        payload,
        event_id=event_id,
        resource_id=transfer.id,
        resource_version=transfer.version,
        customer_ids=(transfer.from_customer_id, transfer.to_customer_id),
        occurred_at=transfer.updated_at,
    )


def deposit_announcement(event_id: EventId, deposit: Deposit, asset: Asset) -> Announcement:
    payload = DepositConfirmed(
        id=encode_id(IdPrefix.DEPOSIT, deposit.id),
        customer_id=encode_id(IdPrefix.CUSTOMER, deposit.customer_id),
        asset=asset.code,
        amount=format_units(deposit.units, scale=asset.scale),
        method=deposit.method,
        transaction_id=encode_id(IdPrefix.TRANSACTION, deposit.transaction_id),
    )
    return announce(
        payload,
        event_id=event_id,
        resource_id=deposit.id,
        resource_version=deposit.version,
        customer_ids=(deposit.customer_id,),
        occurred_at=deposit.updated_at,
    )
