"""A quote is accepted at most once and never after its time, or it expires.

status     accept                    expire
open       accepted, while in time   expired, once its time is over
accepted   QuoteAlreadyAccepted      QuoteAlreadyAccepted
expired    QuoteExpired              stays, unchanged: sweepers may come twice
"""

from datetime import datetime

import msgspec

from ..shared.errors import Conflict, NotFound
from ..shared.ids import CustomerId, OrderId
from .quote import Quote, QuoteStatus


class QuoteExpired(Conflict):
    code = "quote_expired"


class QuoteNotDue(Conflict):
    """It was to be expired while it can still be accepted."""

    code = "quote_not_due"


class QuoteNotFound(NotFound):
    """Also another customer's quote: its existence is not for this caller to know."""

    code = "quote_not_found"


class QuoteAlreadyAccepted(Conflict):
    code = "quote_already_accepted"

    def __init__(self, detail: str, *, order_id: OrderId) -> None:
        super().__init__(detail, order_id=order_id)
        self.order_id = order_id


def accept(
    quote: Quote, *, order_id: OrderId, at: datetime, customer_id: CustomerId | None = None
) -> Quote:
    """The quote bound to `order_id`. At `expires_at` itself it is too late.

    `customer_id` names the one customer the caller acts for, None means the whole tenant. Raises
    `QuoteNotFound`, `QuoteAlreadyAccepted` (with the order) or `QuoteExpired`, in that order.
    """
    if customer_id is not None and customer_id != quote.customer_id:
        raise QuoteNotFound("no such quote")
    _refuse_accepted(quote)
    if quote.status is QuoteStatus.EXPIRED or at >= quote.expires_at:
        raise QuoteExpired("the quote has expired", expires_at=quote.expires_at)
    return msgspec.structs.replace(
        quote,
        status=QuoteStatus.ACCEPTED,
        order_id=order_id,
        updated_at=max(quote.updated_at, at),
        version=quote.version + 1,
    )


def expire(quote: Quote, *, at: datetime) -> Quote:
    """Raises `QuoteAlreadyAccepted` or `QuoteNotDue`."""
    _refuse_accepted(quote)
    if quote.status is QuoteStatus.EXPIRED:
        return quote
    if at < quote.expires_at:
        raise QuoteNotDue("the quote is still open", expires_at=quote.expires_at)
    return msgspec.structs.replace(
        quote,
        status=QuoteStatus.EXPIRED,
        updated_at=max(quote.updated_at, at),
        version=quote.version + 1,
    )


def _refuse_accepted(quote: Quote) -> None:
    if quote.order_id is not None:
        raise QuoteAlreadyAccepted("the quote was accepted before", order_id=quote.order_id)
