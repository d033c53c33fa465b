"""What B2C2 sends. Amounts are strings and only strings; unknown fields are ignored.

`created` is documented for every answer and missing in some, so nothing rests on it but a trade.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from adapters.liquidity.reading import Identifier, PlainText, reader

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Message = Annotated[str, msgspec.Meta(max_length=4_096)]


class InstrumentInfo(msgspec.Struct, frozen=True, kw_only=True):
    name: PlainText
    is_tradable: bool
    quantity_precision: PlainText
    max_quantity_per_trade: PlainText
    min_quantity_per_trade: PlainText


class RfqReply(msgspec.Struct, frozen=True, kw_only=True):
    rfq_id: Identifier
    client_rfq_id: PlainText
    instrument: PlainText
    side: PlainText
    quantity: PlainText
    price: PlainText
    valid_until: Moment


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    trade_id: Identifier
    instrument: PlainText
    side: PlainText
    price: PlainText
    quantity: PlainText
    created: Moment
    order: Identifier | None = None
    executing_unit: PlainText | None = None


class OrderReply(msgspec.Struct, frozen=True, kw_only=True):
    """`executed_price` is null for an order that was killed, with the status of a success."""

    client_order_id: PlainText
    instrument: PlainText
    side: PlainText
    quantity: PlainText
    executed_price: PlainText | None
    trades: tuple[Trade, ...]


class ErrorRow(msgspec.Struct, frozen=True):
    code: int
    message: Message = ""


class ErrorReply(msgspec.Struct, frozen=True):
    errors: Annotated[tuple[ErrorRow, ...], msgspec.Meta(min_length=1, max_length=32)]


Balances = dict[PlainText, PlainText]

read_instruments = reader(tuple[InstrumentInfo, ...])
read_rfq = reader(RfqReply)
read_order_reply = reader(OrderReply)
read_trades = reader(tuple[Trade, ...])
read_balances = reader(Balances)
read_errors = reader(ErrorReply)
