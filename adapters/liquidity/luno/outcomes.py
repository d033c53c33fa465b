"""What Luno's answers about an order prove. Pure but for alerts; short of proof is `Unknown`."""

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.alerts import undocumented
from adapters.liquidity.amounts import (
    exact_difference,
    exact_product,
    exact_sum,
    exact_units,
    is_zero,
    whole_units,
)
from adapters.liquidity.luno.errors import MEANINGS, ORDER_NOT_FOUND
from adapters.liquidity.luno.names import our_asset, pair_of
from adapters.liquidity.luno.schemas import (
    ErrorReply,
    Market,
    OrderRecord,
    read_error,
    read_order_record,
    read_placed_reply,
)
from adapters.liquidity.meanings import OK, SERVER_ERROR_FROM, UNMAPPED, Reason, Verdict
from adapters.liquidity.reading import Unreadable, detail, identifier
from adapters.liquidity.times import from_ms
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    Filled,
    LpExecution,
    LpLeg,
    Outcome,
    OutcomeKind,
    Pending,
    Rejected,
    Unknown,
)
from domain.shared.money import AmountInvalid
from domain.shared.side import Side

DIALECT: Final = "luno"
OPEN: Final = frozenset({"AWAITING", "PENDING"})
COMPLETE: Final = "COMPLETE"
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}


class LookUp(msgspec.Struct, frozen=True):
    """The order's record has to say. `order_id`: acknowledged by the vendor under this id."""

    order_id: str | None


def read_placed(exchange: Exchange, *, confirmed: AbstractSet[str]) -> Rejected | Unknown | LookUp:
    """The reply to postorder, which tells nothing but the order's id.

    `confirmed` are codes the vendor has put in writing to mean that nothing was executed.
    """
    match exchange:
        case NotSent(cause):
            return Rejected(reason=Reason.NOT_SENT, detail=cause)
        case Lost(cause=cause):
            return Unknown(cause=cause)
        case Answered(status, _, body) if status != OK:
            return _refused(status, body, confirmed)
        case Answered(status, _, body):
            try:
                return LookUp(identifier(read_placed_reply(body).order_id))
            except Unreadable as error:
                return Unknown(cause=detail(f"unreadable answer: {error}"))


def read_order(exchange: Exchange) -> OrderRecord | Unknown | None:
    """The reply to a lookup. None: the vendor says that it knows no such order."""
    match exchange:
        case NotSent(cause) | Lost(cause=cause):
            return Unknown(cause=detail(f"lookup failed: {cause}"))
        case Answered(status, _, body) if status != OK:
            reply = error_in(body)
            if status < SERVER_ERROR_FROM and reply and reply.error_code in ORDER_NOT_FOUND:
                return None
            return Unknown(cause=f"lookup failed: {error_text(status, reply)}")
        case Answered(_, _, body):
            try:
                return read_order_record(body)
            except Unreadable as error:
                return Unknown(cause=detail(f"unreadable record: {error}"))


def outcome_of(record: OrderRecord, instrument: Instrument, side: Side) -> Outcome:
    order_id = str(record.order_id)
    if record.status in OPEN:
        return Pending(lp_execution_id=order_id)
    if record.status != COMPLETE:
        undocumented(DIALECT, "order status", record.status)
        return Unknown(cause=detail(f"undocumented status {record.status!r}"))
    if (record.pair, SIDES.get(record.side)) != (pair_of(instrument), side):
        return Unknown(cause=f"order {order_id} is a {record.side} of {record.pair}")
    try:
        # It left the book. What was filled tells whether it was executed or killed.
        if is_zero(record.base) and is_zero(record.counter):
            return Rejected(reason=Reason.LP_FAILED, detail=f"order {order_id} was killed")
        base, counter = net_legs(record)
        take, give = whole_units, exact_units
        base_of, counter_of = (take, give) if side is Side.BUY else (give, take)
        return Filled(
            lp_execution_id=order_id,
            base_units=base_of(base, scale=instrument.base.scale),
            quote_units=counter_of(counter, scale=instrument.quote.scale),
            executed_at=from_ms(record.creation_timestamp),
        )
    except AmountInvalid as error:
        return Unknown(cause=detail(f"order {order_id} is filled, but {error}"))


def net_legs(record: OrderRecord) -> tuple[str, str]:
    """Base and counter after fees, whichever of the two the vendor took them from.

    Raises `AmountInvalid`.
    """
    if SIDES.get(record.side) is Side.BUY:
        return (
            exact_difference(record.base, record.fee_base),
            exact_sum(record.counter, record.fee_counter),
        )
    return (
        exact_sum(record.base, record.fee_base),
        exact_difference(record.counter, record.fee_counter),
    )


def listed(record: OrderRecord, market: Market | None) -> LpExecution | None:
    """None for an order that was killed: nothing was executed. Raises `AmountInvalid`.

    An order that is still open stands with what it asked for.
    """
    is_open = record.status in OPEN
    if record.status == COMPLETE:
        status = OutcomeKind.FILLED
        if is_zero(record.base) and is_zero(record.counter):
            return None
    else:
        status = OutcomeKind.PENDING if is_open else OutcomeKind.UNKNOWN
    asked = (record.limit_volume, exact_product(record.limit_volume, record.limit_price))
    base, counter = asked if is_open else net_legs(record)
    return LpExecution(
        lp_quote_id=None,
        client_ref=identifier(record.client_order_id),
        lp_execution_id=str(record.order_id),
        status=status,
        side=SIDES.get(record.side, Side.SELL),
        base=LpLeg("?" if market is None else our_asset(market.base_currency), base),
        quote=LpLeg("?" if market is None else our_asset(market.counter_currency), counter),
        executed_at=from_ms(record.creation_timestamp),
    )


def error_in(body: bytes) -> ErrorReply | None:
    try:
        return read_error(body)
    except Unreadable:
        return None


def error_text(status: int, reply: ErrorReply | None) -> str:
    told = "no readable error" if reply is None else f"{reply.error_code}: {reply.error}"
    return detail(f"HTTP {status}, {told}")


def _refused(status: int, body: bytes, confirmed: AbstractSet[str]) -> Rejected | Unknown | LookUp:
    reply = error_in(body)
    told = error_text(status, reply)
    # A server error says nothing about what happened behind it, whatever code it carries.
    if reply is None or status >= SERVER_ERROR_FROM:
        return Unknown(cause=told)
    meaning = MEANINGS.get(reply.error_code, UNMAPPED)
    if meaning is UNMAPPED:
        undocumented(DIALECT, "error code", reply.error_code)
    if meaning.verdict is Verdict.REFUSED or reply.error_code in confirmed:
        return Rejected(reason=meaning.reason, detail=told)
    return LookUp(None) if meaning.verdict is Verdict.LOOK_UP else Unknown(cause=told)
