"""What Binance's answers about an execution prove. Pure; anything short of proof is `Unknown`."""

from collections.abc import Set as AbstractSet

import msgspec

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.amounts import exact_units
from adapters.liquidity.binance_convert.errors import MEANINGS, ORDER_NOT_FOUND
from adapters.liquidity.binance_convert.schemas import (
    OrderRecord,
    TradeRow,
    read_accept_reply,
    read_order_record,
)
from adapters.liquidity.binance_convert.transform import error_in, error_text
from adapters.liquidity.meanings import OK, SERVER_ERROR_FROM, UNMAPPED, Reason, Verdict
from adapters.liquidity.pairs import legs
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

# The vendor's words. One that is not here has not been documented and proves nothing.
KINDS = {
    "PROCESS": OutcomeKind.PENDING,
    "ACCEPT_SUCCESS": OutcomeKind.PENDING,
    "SUCCESS": OutcomeKind.FILLED,
    "FAIL": OutcomeKind.REJECTED,
}


class LookUp(msgspec.Struct, frozen=True):
    """The vendor's record has to say: `order_id` was executed, or without one, it may have been."""

    order_id: str | None


def read_accept(
    exchange: Exchange, *, confirmed: AbstractSet[str] = frozenset()
) -> Rejected | Pending | Unknown | LookUp:
    """The reply to acceptQuote, which never carries amounts.

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
            return _accepted(body, confirmed)


def read_order(exchange: Exchange) -> OrderRecord | Unknown | None:
    """The reply to orderStatus. None: the vendor says that it knows no such order."""
    match exchange:
        case NotSent(cause) | Lost(cause=cause):
            return Unknown(cause=detail(f"lookup failed: {cause}"))
        case Answered(status, _, body):
            return _order(body) if status == OK else _no_order(status, body)


def _order(body: bytes) -> OrderRecord | Unknown | None:
    try:
        return read_order_record(body)
    except Unreadable as error:
        if error_in(body) is not None:
            return _no_order(OK, body)
        return Unknown(cause=detail(f"lookup failed: {error}"))


def _no_order(status: int, body: bytes) -> Unknown | None:
    reply = error_in(body)
    if reply is not None and status < SERVER_ERROR_FROM and str(reply.code) in ORDER_NOT_FOUND:
        return None
    return Unknown(cause=f"lookup failed: {error_text(status, reply)}")


def outcome_of(record: OrderRecord | TradeRow, pair: tuple[Instrument, Side] | None) -> Outcome:
    """A fill only if every amount is whole in our units: a leg is never booked inexactly.

    `pair` None: we do not know which of the two assets is the base.
    """
    order_id = identifier(record.order_id)
    kind = KINDS.get(record.order_status)
    if kind is None or order_id is None:
        return Unknown(cause=detail(f"undocumented status {record.order_status!r}"))
    if kind is OutcomeKind.PENDING:
        return Pending(lp_execution_id=order_id)
    if kind is OutcomeKind.REJECTED:
        return Rejected(reason=Reason.LP_FAILED, detail=f"order {order_id} is FAIL")
    if pair is None:
        return Unknown(cause=f"order {order_id}: {record.from_asset} to {record.to_asset}")
    give, get = legs(*pair)
    if (record.from_asset, record.to_asset) != (give.code, get.code):
        return Unknown(cause=f"order {order_id}: {record.from_asset} to {record.to_asset}")
    if record.from_amount is None or record.to_amount is None or record.create_time is None:
        return Unknown(cause=f"order {order_id} is filled, but not all of it is told")
    try:
        given = exact_units(record.from_amount, scale=give.scale)
        gotten = exact_units(record.to_amount, scale=get.scale)
        executed_at = from_ms(record.create_time)
    except AmountInvalid as error:
        return Unknown(cause=detail(f"order {order_id} is filled, but {error}"))
    buys = pair[1] is Side.BUY
    return Filled(
        lp_execution_id=order_id,
        base_units=gotten if buys else given,
        quote_units=given if buys else gotten,
        executed_at=executed_at,
    )


def listed(row: TradeRow, side: Side | None) -> LpExecution:
    """`side` None: no instrument of ours trades this pair, so what was given stands as base."""
    given = LpLeg(row.from_asset, row.from_amount)
    gotten = LpLeg(row.to_asset, row.to_amount)
    buys = side is Side.BUY
    return LpExecution(
        lp_quote_id=identifier(row.quote_id),
        lp_execution_id=str(row.order_id),
        status=KINDS.get(row.order_status, OutcomeKind.UNKNOWN),
        side=Side.BUY if buys else Side.SELL,
        base=gotten if buys else given,
        quote=given if buys else gotten,
        executed_at=from_ms(row.create_time),
    )


def _accepted(body: bytes, confirmed: AbstractSet[str]) -> Rejected | Pending | Unknown | LookUp:
    try:
        reply = read_accept_reply(body)
    except Unreadable as error:
        if error_in(body) is not None:
            return _refused(OK, body, confirmed)
        return Unknown(cause=detail(f"unreadable answer: {error}"))
    order_id = identifier(reply.order_id)
    kind = KINDS.get(reply.order_status)
    if kind is OutcomeKind.PENDING:
        return Pending(lp_execution_id=order_id)
    if kind is OutcomeKind.REJECTED:
        return Rejected(reason=Reason.LP_FAILED, detail=f"order {order_id} is FAIL")
    if kind is OutcomeKind.FILLED and order_id is not None:
        return LookUp(order_id)
    return Unknown(cause=detail(f"undocumented answer, status {reply.order_status!r}"))


def _refused(status: int, body: bytes, confirmed: AbstractSet[str]) -> Rejected | Unknown | LookUp:
    reply = error_in(body)
    told = error_text(status, reply)
    # A server error says nothing about what happened behind it, whatever code it carries.
    if reply is None or status >= SERVER_ERROR_FROM:
        return Unknown(cause=told)
    code = str(reply.code)
    meaning = MEANINGS.get(code, UNMAPPED)
    if meaning.verdict is Verdict.REFUSED or code in confirmed:
        return Rejected(reason=meaning.reason, detail=told)
    return LookUp(None) if meaning.verdict is Verdict.LOOK_UP else Unknown(cause=told)
