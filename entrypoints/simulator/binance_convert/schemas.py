"""The vendor's answers, field for field. `orderId` is text in one of them and a number in others;
both are the vendor's doing.
"""

import msgspec


class PairInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    from_asset: str
    to_asset: str
    from_asset_min_amount: str
    from_asset_max_amount: str
    to_asset_min_amount: str
    to_asset_max_amount: str


class AssetInfo(msgspec.Struct, frozen=True):
    asset: str
    fraction: int


class QuoteAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Without `quoteId` the account cannot pay for it: HTTP 200 all the same."""

    quote_id: str | None = None
    ratio: str
    inverse_ratio: str
    valid_timestamp: int
    to_amount: str
    from_amount: str


class AcceptAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    order_id: str
    create_time: int
    order_status: str


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    order_id: int
    order_status: str
    from_asset: str
    from_amount: str
    to_asset: str
    to_amount: str
    ratio: str
    inverse_ratio: str
    create_time: int


class TradeFlowRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    quote_id: str
    order_id: int
    order_status: str
    from_asset: str
    from_amount: str
    to_asset: str
    to_amount: str
    ratio: str
    inverse_ratio: str
    create_time: int


class TradeFlowAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    rows: list[TradeFlowRow] = msgspec.field(name="list")
    start_time: int
    end_time: int
    limit: int
    more_data: bool


class CommissionRates(msgspec.Struct, frozen=True):
    maker: str = "0.00000000"
    taker: str = "0.00000000"
    buyer: str = "0.00000000"
    seller: str = "0.00000000"


class AssetBalance(msgspec.Struct, frozen=True):
    asset: str
    free: str
    locked: str


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    maker_commission: int = 0
    taker_commission: int = 0
    buyer_commission: int = 0
    seller_commission: int = 0
    commission_rates: CommissionRates = CommissionRates()
    can_trade: bool = True
    can_withdraw: bool = True
    can_deposit: bool = True
    brokered: bool = False
    require_self_trade_prevention: bool = False
    prevent_sor: bool = False
    update_time: int
    account_type: str = "SPOT"
    balances: list[AssetBalance]
    permissions: tuple[str, ...] = ("SPOT",)
    uid: int


class BookTickerAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    symbol: str
    bid_price: str
    bid_qty: str = "1.00000000"
    ask_price: str
    ask_qty: str = "1.00000000"


class ServerTime(msgspec.Struct, frozen=True, rename="camel"):
    server_time: int
