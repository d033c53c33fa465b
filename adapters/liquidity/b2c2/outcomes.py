"""What B2C2's answers about an order prove. Pure; anything short of proof is `Unknown`."""

import msgspec

from adapters.liquidity.amounts import exact_product, exact_units
from adapters.liquidity.b2c2.names import Names, order_id_for, their_name
from adapters.liquidity.b2c2.replies import Body, Codes, Missing, Nothing, Reply, Throttled
from adapters.liquidity.b2c2.schemas import OrderReply, Trade, read_order_reply
from adapters.liquidity.b2c2.transform import PRICE_SCALE, SIDES, quote_units
from adapters.liquidity.meanings import Reason, Verdict
from adapters.liquidity.reading import Unreadable, detail
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    Filled,
    LpExecution,
    LpLeg,
    Outcome,
    OutcomeKind,
    Rejected,
    Unknown,
)
from domain.shared.money import AmountInvalid, format_units
from domain.shared.side import Side


class LookUp(msgspec.Struct, frozen=True):
    """The record has to say. `why` is for the case that it does not."""

    why: str


class Asked(msgspec.Struct, frozen=True):
    """The order an answer must be about."""

    client_ref: str
    instrument: Instrument
    side: Side


def read_placed(reply: Reply, asked: Asked) -> Filled | Rejected | Unknown | LookUp:
    """The reply to an order, which tells at once what became of it."""
    match reply:
        case Nothing(cause=cause, sent=False):
            return Rejected(reason=Reason.NOT_SENT, detail=cause)
        case Nothing(cause=cause):
            return Unknown(cause=cause)
        case Throttled(told):
            # The vendor documents no limit, so its refusal is no proof either.
            return Unknown(cause=told)
        case Missing():
            return Unknown(cause="not found, said of an order that was being placed")
        case Codes(meaning, told):
            match meaning.verdict:
                case Verdict.REFUSED:
                    return Rejected(reason=meaning.reason, detail=told)
                case Verdict.LOOK_UP:
                    return LookUp(told)
                case Verdict.UNKNOWN:
                    return Unknown(cause=told)
        case Body(body):
            try:
                return outcome_of(read_order_reply(body), asked)
            except Unreadable as error:
                return Unknown(cause=detail(f"unreadable answer: {error}"))


def read_looked_up(reply: Reply, asked: Asked) -> Outcome | None:
    """The reply to a lookup by our id. None: the vendor says that it knows no such order."""
    match reply:
        case Missing():
            return None
        case Body(body):
            try:
                return outcome_of(read_order_reply(body), asked)
            except Unreadable as error:
                return Unknown(cause=detail(f"lookup failed: {error}"))
        case Nothing(cause=why) | Throttled(told=why) | Codes(told=why):
            return Unknown(cause=detail(f"lookup failed: {why}"))


def outcome_of(order: OrderReply, asked: Asked) -> Filled | Rejected | Unknown:
    if order.client_order_id != order_id_for(asked.client_ref):
        return Unknown(cause=f"an answer about order {order.client_order_id}")
    if (order.instrument, order.side) != (their_name(asked.instrument), SIDES[asked.side]):
        return Unknown(cause=f"an order of {order.instrument}, {order.side}")
    if order.executed_price is None and not order.trades:
        return Rejected(reason=Reason.LP_FAILED, detail="executed_price is null")
    # Fill or kill: one trade of the whole quantity, at the price the order tells.
    if order.executed_price is None or len(order.trades) != 1:
        return Unknown(cause=f"{len(order.trades)} trades at {order.executed_price}")
    filled = filled_of(order.trades[0], asked)
    if not isinstance(filled, Filled):
        return filled
    try:
        scale = asked.instrument.base.scale
        whole = exact_units(order.quantity, scale=scale) == filled.base_units
        # As numbers: one may have more zeros at its end than the other.
        told, traded = order.executed_price, order.trades[0].price
        same = exact_units(told, scale=PRICE_SCALE) == exact_units(traded, scale=PRICE_SCALE)
    except AmountInvalid as error:
        return Unknown(cause=detail(f"filled, but {error}"))
    return filled if whole and same else Unknown(cause="the order and its trade do not agree")


def filled_of(trade: Trade, asked: Asked) -> Filled | Unknown:
    """A fill only if the quantity is whole in our units; the other side counts as it was quoted."""
    if (trade.instrument, trade.side) != (their_name(asked.instrument), SIDES[asked.side]):
        return Unknown(cause=f"a trade of {trade.instrument}, {trade.side}")
    try:
        other = quote_units(trade.quantity, trade.price, asked.instrument, asked.side)
        return Filled(
            lp_execution_id=str(trade.trade_id),
            base_units=exact_units(trade.quantity, scale=asked.instrument.base.scale),
            quote_units=other,
            executed_at=trade.created,
        )
    except AmountInvalid as error:
        return Unknown(cause=detail(f"trade {trade.trade_id}: {error}"))


def listed(trade: Trade, names: Names) -> LpExecution:
    """Both sides as they are booked, where the instrument is ours. Raises `AmountInvalid`."""
    base, quote = names.codes(trade.instrument)
    side = Side.BUY if trade.side == SIDES[Side.BUY] else Side.SELL
    other = exact_product(trade.quantity, trade.price)
    if (ours := names.find(trade.instrument)) is not None:
        units = quote_units(trade.quantity, trade.price, ours, side)
        other = format_units(units, scale=ours.quote.scale)
    return LpExecution(
        lp_quote_id=None,
        client_ref=trade.executing_unit or None,
        lp_execution_id=str(trade.trade_id),
        status=OutcomeKind.FILLED,
        side=side,
        base=LpLeg(base, trade.quantity),
        quote=LpLeg(quote, other),
        executed_at=trade.created,
    )
