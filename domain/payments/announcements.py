"""What is told of money that moves without a trade."""

from typing import ClassVar

from ..shared.events import Payload


class TransferCompleted(Payload, frozen=True, kw_only=True):
    """Final: told once, to both customers' listeners."""

    event_type: ClassVar[str] = "transfer.completed.v1"

    id: str
    from_customer_id: str
    to_customer_id: str
    asset: str
    amount: str
    reference: str | None
    transaction_id: str


class DepositConfirmed(Payload, frozen=True, kw_only=True):
    """The customer's balance has grown by it."""

    event_type: ClassVar[str] = "deposit.confirmed.v1"

    id: str
    customer_id: str
    asset: str
    amount: str
    method: str
    transaction_id: str
