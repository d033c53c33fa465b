"""What Luno sends. Amounts are strings and only strings: a JSON number fails to decode."""

import msgspec

from adapters.liquidity.reading import Identifier, Milliseconds, PlainText, reader


class Market(msgspec.Struct, frozen=True, kw_only=True):
    market_id: PlainText
    trading_status: PlainText
    base_currency: PlainText
    counter_currency: PlainText
    min_volume: PlainText
    max_volume: PlainText
    volume_scale: int
    price_scale: int


class Markets(msgspec.Struct, frozen=True):
    markets: tuple[Market, ...]


class BookLevel(msgspec.Struct, frozen=True):
    price: PlainText
    volume: PlainText


class TopOfBook(msgspec.Struct, frozen=True, kw_only=True):
    """Best price first on both sides."""

    timestamp: Milliseconds
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]


class FeeInfo(msgspec.Struct, frozen=True):
    """A part of one: 0.001 is a tenth of a percent."""

    taker_fee: PlainText


class Placed(msgspec.Struct, frozen=True):
    order_id: Identifier


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`base` and `counter` are before fees. `COMPLETE` means that the order left the book, whether
    it was filled or not.
    """

    order_id: Identifier
    pair: PlainText
    side: PlainText
    status: PlainText
    base: PlainText
    counter: PlainText
    fee_base: PlainText
    fee_counter: PlainText
    limit_price: PlainText
    limit_volume: PlainText
    creation_timestamp: Milliseconds
    client_order_id: Identifier | None = None


class OrderList(msgspec.Struct, frozen=True):
    """Newest first. The vendor sends null for none."""

    orders: tuple[OrderRecord, ...] | None = None


class Balance(msgspec.Struct, frozen=True):
    """`reserved` is a part of `balance`."""

    asset: PlainText
    balance: PlainText


class Balances(msgspec.Struct, frozen=True):
    balance: tuple[Balance, ...]


class ErrorReply(msgspec.Struct, frozen=True):
    error_code: str
    error: str = ""


read_markets = reader(Markets)
read_book = reader(TopOfBook)
read_fee = reader(FeeInfo)
read_placed_reply = reader(Placed)
read_order_record = reader(OrderRecord)
read_order_list = reader(OrderList)
read_balances = reader(Balances)
read_error = reader(ErrorReply)
