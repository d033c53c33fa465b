"""What Binance sends. Amounts are strings and only strings: a JSON number fails to decode.

Identifiers come as strings in one call and as numbers above 2**53 in the next; `identifier` makes
them one. What a branch can do without is optional, and unknown fields are ignored.
"""

import msgspec

from adapters.liquidity.reading import Identifier, Milliseconds, PlainText, reader


class QuoteReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`quote_id` is missing when our balance there does not suffice, with status 200."""

    ratio: PlainText
    inverse_ratio: PlainText
    valid_timestamp: Milliseconds
    from_amount: PlainText
    to_amount: PlainText
    quote_id: Identifier | None = None


class AcceptReply(msgspec.Struct, frozen=True, rename="camel"):
    order_status: PlainText
    order_id: Identifier | None = None


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    order_id: Identifier
    order_status: PlainText
    quote_id: Identifier | None = None
    from_asset: PlainText | None = None
    from_amount: PlainText | None = None
    to_asset: PlainText | None = None
    to_amount: PlainText | None = None
    create_time: Milliseconds | None = None


class TradeRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    order_id: Identifier
    order_status: PlainText
    from_asset: PlainText
    from_amount: PlainText
    to_asset: PlainText
    to_amount: PlainText
    create_time: Milliseconds
    quote_id: Identifier | None = None


class TradeFlow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    rows: tuple[TradeRow, ...] = msgspec.field(name="list")
    more_data: bool


class SpotBalance(msgspec.Struct, frozen=True):
    asset: PlainText
    free: PlainText
    locked: PlainText


class SpotAccount(msgspec.Struct, frozen=True):
    balances: tuple[SpotBalance, ...]


class AssetPrecision(msgspec.Struct, frozen=True):
    asset: str
    fraction: int


class PairInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    from_asset: str
    to_asset: str
    from_asset_min_amount: str
    from_asset_max_amount: str
    to_asset_min_amount: str
    to_asset_max_amount: str


class ErrorReply(msgspec.Struct, frozen=True):
    code: str | int
    msg: str = ""


read_quote_reply = reader(QuoteReply)
read_accept_reply = reader(AcceptReply)
read_order_record = reader(OrderRecord)
read_trade_flow = reader(TradeFlow)
read_account = reader(SpotAccount)
read_assets = reader(tuple[AssetPrecision, ...])
read_pairs = reader(tuple[PairInfo, ...])
read_error = reader(ErrorReply)
