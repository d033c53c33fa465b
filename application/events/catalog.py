"""All that is ever told. A new kind of event is a payload in its context, and a name here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain.ledger.announcements import AccountClosed, AccountCreditLineChanged
from domain.orders.announcements import OrderFilled, OrderPending, OrderRejected
from domain.payments.announcements import DepositConfirmed, TransferCompleted
from domain.shared.events import Payload
from domain.tenants.announcements import (
    ApiKeyCreated,
    ApiKeyUpdated,
    CustomerCreated,
    CustomerUpdated,
)
from domain.webhooks.announcements import WebhookEndpointDisabled, WebhookEndpointPing

PAYLOADS: Final[Mapping[str, type[Payload]]] = MappingProxyType(
    {
        each.event_type: each
        for each in (
            OrderPending,
            OrderFilled,
            OrderRejected,
            TransferCompleted,
            DepositConfirmed,
            CustomerCreated,
            CustomerUpdated,
            ApiKeyCreated,
            ApiKeyUpdated,
            WebhookEndpointPing,
            WebhookEndpointDisabled,
            AccountCreditLineChanged,
            AccountClosed,
        )
    }
)


def is_told(wanted: str) -> bool:
    """Whether there is an event of this type, or any of this family (`order.*`)."""
    if wanted.endswith(".*"):
        return any(each.startswith(wanted[:-1]) for each in PAYLOADS)
    return wanted in PAYLOADS
