"""Plain values for tests of quotes, orders and venues; each takes only what a test is about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from domain.assets.asset import Asset, AssetKind
from domain.assets.instrument import Instrument, TradingStatus
from domain.liquidity.quote import LpName, LpQuote
from domain.orders.fill import Fill
from domain.orders.lifecycle import order_from_quote, rfq_fill
from domain.orders.order import Order, OrderStatus, OrderType
from domain.quotes.lifecycle import accept
from domain.quotes.pricing import Pricing, QuoteRequest, price_quote
from domain.quotes.quote import Quote, QuoteStatus
from domain.shared.ids import CustomerId, FillId, OrderId, QuoteId, TenantId
from domain.shared.money import AssetCode
from domain.shared.price import Price
from domain.shared.side import FixedSide, Side
from domain.tenants.tenant import PricingPolicy

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT_ID: Final = TenantId(UUID(int=1))
CUSTOMER_ID: Final = CustomerId(UUID(int=2))
QUOTE_ID: Final = QuoteId(UUID(int=3))
ORDER_ID: Final = OrderId(UUID(int=4))
LP: Final = LpName("sandbox-a")

BTC: Final = Asset(code=AssetCode("BTC"), scale=8, kind=AssetKind.CRYPTO, name="Bitcoin")
USDT: Final = Asset(code=AssetCode("USDT"), scale=8, kind=AssetKind.CRYPTO, name="Tether")
NGN: Final = Asset(code=AssetCode("NGN"), scale=2, kind=AssetKind.FIAT, name="Naira")

POLICY: Final = PricingPolicy(platform_spread_ppm=2_000, tenant_spread_ppm=5_000, fee_ppm=1_000)


def instrument_of(
    base: Asset = BTC,
    quote: Asset = USDT,
    *,
    tick: str = "0.01",
    lot_units: int = 1,
    status: TradingStatus = TradingStatus.OPEN,
    min_units: int = 1,
    max_units: int = 10**29,
) -> Instrument:
    return Instrument(
        symbol=f"{base.code}-{quote.code}",
        base=base,
        quote=quote,
        tick=Decimal(tick),
        lot_units=lot_units,
        min_base_units=min_units,
        max_base_units=max_units,
        min_quote_units=min_units,
        max_quote_units=max_units,
        status=status,
    )


def request_of(side: Side, fixed: FixedSide, units: int) -> QuoteRequest:
    return QuoteRequest(customer_id=CUSTOMER_ID, side=side, fixed=fixed, units=units)


def lp_quote_of(side: Side, base_units: int, quote_units: int) -> LpQuote:
    return LpQuote(
        lp=LP,
        lp_quote_id="lpq-1",
        side=side,
        base_units=base_units,
        quote_units=quote_units,
        rate="as stated",
        received_at=NOW,
        expires_at=NOW + timedelta(seconds=10),
    )


def open_quote(side: Side = Side.BUY) -> Quote:
    """0.5 BTC at an LP price of 60,000 USDT."""
    request = request_of(side, FixedSide.BASE, 50_000_000)
    lp_quote = lp_quote_of(side, 50_000_000, 30_000 * 10**8)
    return quote_of(request, lp_quote, price_quote(request, instrument_of(), POLICY, lp_quote))


def quote_of(request: QuoteRequest, lp_quote: LpQuote, pricing: Pricing) -> Quote:
    return Quote(
        id=QUOTE_ID,
        customer_id=request.customer_id,
        instrument="BTC-USDT",
        side=request.side,
        fixed=request.fixed,
        base_units=pricing.base_units,
        quote_units=pricing.quote_units,
        price=pricing.price,
        fee_units=pricing.fee_units,
        breakdown=pricing.breakdown,
        lp=lp_quote.lp,
        lp_quote_id=lp_quote.lp_quote_id,
        lp_base_units=lp_quote.base_units,
        lp_quote_units=lp_quote.quote_units,
        lp_expires_at=lp_quote.expires_at,
        expires_at=NOW + timedelta(seconds=8),
        status=QuoteStatus.OPEN,
        order_id=None,
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )


def rfq_order(side: Side = Side.BUY) -> Order:
    quote = accept(open_quote(side), order_id=ORDER_ID, at=NOW)
    return order_from_quote(quote, order_id=ORDER_ID, client_order_id="c-1", at=NOW)


def limit_order(
    side: Side = Side.BUY, *, base_units: int = 100, price: str = "2", quote_units: int = 200
) -> Order:
    return Order(
        id=ORDER_ID,
        type=OrderType.LIMIT,
        status=OrderStatus.PENDING,
        outcome=None,
        quote_id=None,
        client_order_id=None,
        customer_id=CUSTOMER_ID,
        instrument="BTC-USDT",
        side=side,
        base_units=base_units,
        quote_units=quote_units,
        price=Price(Decimal(price)),
        fee_units=0,
        reject_reason=None,
        fills=(),
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )


def whole_fill(order: Order) -> Fill:
    """The fill that completes an rfq order."""
    return rfq_fill(
        order,
        fill_id=FillId(UUID(int=100)),
        source_ref="exec-1",
        executed_at=NOW,
        recorded_at=NOW,
    )
