from datetime import datetime

import msgspec

from domain.assets.catalog import Catalog
from domain.quotes.quote import Breakdown, Quote, QuoteStatus
from domain.shared.ids import IdPrefix, encode_id
from domain.shared.price import format_price
from domain.shared.side import FixedSide, Side
from entrypoints.http.schemas.values import (
    AssetText,
    Body,
    CustomerRef,
    DecimalText,
    InstrumentText,
    Money,
    OrderRef,
    PositiveDecimal,
    Ppm,
    QuoteRef,
    Timestamp,
    decimal,
    money,
    timestamp,
)


class CreateQuoteBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one of the two amounts: it stays exact, and the other follows from the price."""

    customer_id: CustomerRef
    instrument: InstrumentText
    side: Side
    base_amount: PositiveDecimal | None = None
    quote_amount: PositiveDecimal | None = None

    def __post_init__(self) -> None:
        if (self.base_amount is None) == (self.quote_amount is None):
            raise ValueError("give exactly one of base_amount and quote_amount")


class BreakdownBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where every unit of the quote amount goes, in `asset`.

    On a buy `lp_amount` plus the other amounts is the quote amount, on a sell minus them.
    `lp_price` is for reading: it is rounded.
    """

    asset: AssetText
    lp_price: DecimalText
    lp_amount: DecimalText
    platform_spread: DecimalText
    tenant_spread: DecimalText
    rounding: DecimalText
    fee: DecimalText
    platform_spread_ppm: Ppm
    tenant_spread_ppm: Ppm
    fee_ppm: Ppm


class QuoteBody(msgspec.Struct, frozen=True, kw_only=True):
    """On a buy `quote_amount` is all the customer pays, on a sell all they receive.

    `price` is before the fee. `order_id` is set once the quote is accepted.
    """

    id: QuoteRef
    status: QuoteStatus
    customer_id: CustomerRef
    instrument: InstrumentText
    side: Side
    fixed: FixedSide
    base_amount: DecimalText
    quote_amount: DecimalText
    price: DecimalText
    fee: Money
    expires_at: Timestamp
    breakdown: BreakdownBody
    order_id: OrderRef | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def quote_body(quote: Quote, catalog: Catalog, *, now: datetime) -> QuoteBody:
    """As of `now`: an open quote whose time is over is shown as expired before a sweeper comes."""
    base, priced_in = catalog.asset(quote.base_asset), catalog.asset(quote.quote_asset)
    over = quote.status is QuoteStatus.OPEN and now >= quote.expires_at
    return QuoteBody(
        id=encode_id(IdPrefix.QUOTE, quote.id),
        status=QuoteStatus.EXPIRED if over else quote.status,
        customer_id=encode_id(IdPrefix.CUSTOMER, quote.customer_id),
        instrument=quote.instrument,
        side=quote.side,
        fixed=quote.fixed,
        base_amount=decimal(quote.base_units, base),
        quote_amount=decimal(quote.quote_units, priced_in),
        price=format_price(quote.price),
        fee=money(quote.fee_units, priced_in),
        expires_at=timestamp(quote.expires_at),
        breakdown=_breakdown(quote.breakdown, catalog, quote),
        order_id=None if quote.order_id is None else encode_id(IdPrefix.ORDER, quote.order_id),
        created_at=timestamp(quote.created_at),
        updated_at=timestamp(quote.updated_at),
        version=quote.version,
    )


def _breakdown(breakdown: Breakdown, catalog: Catalog, quote: Quote) -> BreakdownBody:
    asset = catalog.asset(quote.quote_asset)
    return BreakdownBody(
        asset=asset.code,
        lp_price=format_price(breakdown.lp_price),
        lp_amount=decimal(breakdown.lp_units, asset),
        platform_spread=decimal(breakdown.platform_spread_units, asset),
        tenant_spread=decimal(breakdown.tenant_spread_units, asset),
        rounding=decimal(breakdown.rounding_units, asset),
        fee=decimal(breakdown.fee_units, asset),
        platform_spread_ppm=breakdown.platform_spread_ppm,
        tenant_spread_ppm=breakdown.tenant_spread_ppm,
        fee_ppm=breakdown.fee_ppm,
    )
