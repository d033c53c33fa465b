"""What is told of accounts: their terms. What is booked on them is told of what books it."""

from typing import ClassVar

from ..shared.events import Payload


class _AccountPayload(Payload, frozen=True, kw_only=True):
    id: str
    customer_id: str | None
    asset: str


class AccountCreditLineChanged(_AccountPayload, frozen=True, kw_only=True):
    """What the account may owe from now on, `0` when nothing.

    `resource_version` counts the changes of an account's terms, and not its entries.
    """

    event_type: ClassVar[str] = "account.credit_line_changed.v1"

    credit_line: str


class AccountClosed(_AccountPayload, frozen=True, kw_only=True):
    """For good. `resource_version` counts the changes of an account's terms."""

    event_type: ClassVar[str] = "account.closed.v1"
