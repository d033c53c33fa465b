"""What an accepted quote opens: an order that waits for its LP, and the first attempt there."""

from application.ports.trading import LpAttempt, OpenExecution, Reservation, StoredQuote
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import ExecutionKey
from domain.liquidity.resolution import AttemptStatus
from domain.orders.lifecycle import order_from_quote
from domain.shared.errors import invariant

FIRST_ATTEMPT = 1
FIRST_TOKEN = 1


def opened(accepted: StoredQuote, reservation: Reservation) -> OpenExecution:
    """The values that `Trading.reserve` stores, from the quote it claimed."""
    quote = accepted.quote
    invariant(quote.id == reservation.quote_id, "another quote was claimed")
    order = order_from_quote(
        quote,
        order_id=reservation.order_id,
        client_order_id=reservation.client_order_id,
        at=reservation.at,
    )
    attempt = LpAttempt(
        order_id=order.id,
        number=FIRST_ATTEMPT,
        lp=quote.lp,
        lp_quote_id=quote.lp_quote_id,
        lp_base_units=quote.lp_base_units,
        lp_quote_units=quote.lp_quote_units,
        client_ref=reservation.client_ref,
        status=AttemptStatus.SENDING,
        lp_expires_at=quote.lp_expires_at,
        deadline=reservation.deadline,
        created_at=reservation.at,
    )
    return OpenExecution(order=order, stored=accepted, attempt=attempt, lease_token=FIRST_TOKEN)


def execution_key(execution: OpenExecution, instrument: Instrument) -> ExecutionKey:
    """All that finds the execution at its LP, without anything the LP answered."""
    attempt = execution.attempt
    return ExecutionKey(
        lp_quote_id=attempt.lp_quote_id,
        client_ref=attempt.client_ref,
        sent_at=attempt.created_at,
        lp_expires_at=attempt.lp_expires_at,
        instrument=instrument,
        side=execution.stored.quote.side,
    )
