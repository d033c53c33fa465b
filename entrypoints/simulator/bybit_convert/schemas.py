"""The vendor's results, field for field. Moments are text in milliseconds; so are amounts."""

import msgspec


class Coin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    coin: str
    full_name: str
    accuracy_length: int
    coin_type: str = "crypto"
    balance: str
    u_balance: str = "0"
    single_from_min_limit: str
    single_from_max_limit: str
    disable_from: bool = False
    disable_to: bool = False


class CoinList(msgspec.Struct, frozen=True):
    coins: list[Coin]


class SpotTicker(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    bid: str = msgspec.field(name="bid1Price")
    bid_size: str = msgspec.field(name="bid1Size", default="1")
    ask: str = msgspec.field(name="ask1Price")
    ask_size: str = msgspec.field(name="ask1Size", default="1")
    last_price: str = msgspec.field(name="lastPrice")


class SpotTickers(msgspec.Struct, frozen=True, kw_only=False):
    rows: list[SpotTicker] = msgspec.field(name="list")
    category: str = "spot"


class QuoteResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    quote_tx_id: str
    exchange_rate: str
    from_coin: str
    from_coin_type: str = "crypto"
    to_coin: str
    to_coin_type: str = "crypto"
    from_amount: str
    to_amount: str
    expired_time: str
    request_id: str
    ext_tax_and_fee: list[str] = []


class ExecuteResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    exchange_status: str
    quote_tx_id: str


class Conversion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    account_type: str
    exchange_tx_id: str
    user_id: str
    from_coin: str
    from_coin_type: str = "crypto"
    from_amount: str
    to_coin: str
    to_coin_type: str = "crypto"
    to_amount: str
    exchange_status: str
    ext_info: dict[str, str] = {}
    convert_rate: str
    created_at: str


class NestedConversion(msgspec.Struct, frozen=True):
    """The vendor wraps the result in a field of the same name."""

    result: Conversion


class ConversionList(msgspec.Struct, frozen=True):
    rows: list[Conversion] = msgspec.field(name="list")
