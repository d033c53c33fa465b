"""What Busha sends. Amounts are documented as strings and kept raw: a number would be read too,
digit for digit (`reading.amount_text`).
"""

from datetime import datetime
from typing import Annotated

import msgspec

from adapters.liquidity.reading import Identifier, PlainText, reader

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Rate(msgspec.Struct, frozen=True):
    """`product` is base and counter joined; the rate is counter for one of base."""

    product: PlainText
    rate: msgspec.Raw


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    id: Identifier
    source_currency: PlainText
    target_currency: PlainText
    source_amount: msgspec.Raw
    target_amount: msgspec.Raw
    rate: Rate
    expires_at: Moment
    fees: tuple[msgspec.Raw, ...] = ()


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    id: Identifier
    quote_id: Identifier
    source_currency: PlainText
    target_currency: PlainText
    source_amount: msgspec.Raw
    target_amount: msgspec.Raw
    status: PlainText
    created_at: Moment | None = None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    base: PlainText
    counter: PlainText
    is_buy_supported: bool = False
    is_sell_supported: bool = False


class QuoteReply(msgspec.Struct, frozen=True):
    data: Quote


class TransferReply(msgspec.Struct, frozen=True):
    data: Transfer


class TransferList(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is empty on the last page."""

    data: tuple[Transfer, ...]
    next_cursor: PlainText = ""


class PairList(msgspec.Struct, frozen=True):
    data: tuple[Pair, ...]


class Told(msgspec.Struct, frozen=True):
    name: str
    message: str = ""


class ErrorReply(msgspec.Struct, frozen=True):
    error: Told


read_quote_reply = reader(QuoteReply)
read_transfer_reply = reader(TransferReply)
read_transfers = reader(TransferList)
read_pairs = reader(PairList)
read_error = reader(ErrorReply)
