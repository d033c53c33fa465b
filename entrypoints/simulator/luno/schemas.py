"""The vendor's answers, field for field."""

import msgspec

from entrypoints.simulator.luno.catalog import FEE_SCALE


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    market_id: str
    trading_status: str = "ACTIVE"
    base_currency: str
    counter_currency: str
    min_volume: str
    max_volume: str
    volume_scale: int
    min_price: str
    max_price: str
    price_scale: int
    fee_scale: int = FEE_SCALE


class Markets(msgspec.Struct, frozen=True):
    markets: list[MarketView]


class BookLevel(msgspec.Struct, frozen=True):
    price: str
    volume: str


class TopOfBook(msgspec.Struct, frozen=True, kw_only=True):
    timestamp: int
    bids: list[BookLevel]
    asks: list[BookLevel]


class TickerView(msgspec.Struct, frozen=True, kw_only=True):
    pair: str
    timestamp: int
    bid: str
    ask: str
    last_trade: str
    rolling_24_hour_volume: str = "100.00"
    status: str = "ACTIVE"


class FeeInfo(msgspec.Struct, frozen=True):
    maker_fee: str
    taker_fee: str
    thirty_day_volume: str


class Placed(msgspec.Struct, frozen=True):
    order_id: str


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    client_order_id: str
    pair: str
    side: str
    type: str = "LIMIT"
    time_in_force: str = "FOK"
    status: str
    limit_price: str
    limit_volume: str
    base: str
    counter: str
    fee_base: str
    fee_counter: str
    creation_timestamp: int
    completed_timestamp: int
    expiration_timestamp: int = 0
    base_account_id: int
    counter_account_id: int
    stop_price: str = "0"
    stop_direction: str = ""


class Listed(msgspec.Struct, frozen=True):
    orders: list[OrderView]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    asset: str
    balance: str
    reserved: str = "0"
    unconfirmed: str = "0"
    name: str = ""


class Balances(msgspec.Struct, frozen=True):
    balance: list[Balance]
