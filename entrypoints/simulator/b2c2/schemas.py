"""The vendor's answers, field for field. Amounts have ten decimals, prices eight."""

import msgspec


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    underlier: str
    is_tradable: bool = True
    quantity_precision: str
    max_quantity_per_trade: str
    min_quantity_per_trade: str
    price_significant_digits: int


class RfqView(msgspec.Struct, frozen=True, kw_only=True):
    """`created` is documented and absent, as it is at the vendor."""

    valid_until: str
    rfq_id: str
    client_rfq_id: str
    quantity: str
    side: str
    instrument: str
    price: str


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    instrument: str
    trade_id: str
    origin: str = "rest"
    rfq_id: str | None = None
    created: str
    price: str
    quantity: str
    order: str
    side: str
    executing_unit: str


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    client_order_id: str
    quantity: str
    side: str
    instrument: str
    price: str
    executed_price: str | None
    executing_unit: str
    trades: list[TradeView]
    created: str
