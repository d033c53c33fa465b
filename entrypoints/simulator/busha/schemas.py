"""The vendor's answers, field for field."""

import msgspec


class PairView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    base: str
    counter: str
    type: str = "crypto-fiat"
    buy_price: str
    sell_price: str
    is_buy_supported: bool = True
    is_sell_supported: bool = True
    min_buy_amount: str


class Rate(msgspec.Struct, frozen=True):
    product: str
    rate: str
    side: str
    type: str = "FIXED"


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    source_currency: str
    target_currency: str
    source_amount: str
    target_amount: str
    rate: Rate
    fees: list[str] = []
    status: str = "pending"
    expires_at: str


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    quote_id: str
    source_currency: str
    target_currency: str
    source_amount: str
    target_amount: str
    status: str
    created_at: str
