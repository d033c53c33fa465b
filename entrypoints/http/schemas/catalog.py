"""What can be held and traded, what it costs, and how much of it."""

import msgspec

from domain.assets.asset import Asset
from domain.assets.instrument import Instrument, TradingStatus
from domain.tenants.tenant import PricingPolicy
from entrypoints.http.schemas.values import (
    AssetText,
    DecimalText,
    InstrumentText,
    Ppm,
    decimal,
)


class AssetBody(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts of an asset have at most `scale` decimals. The scale never changes."""

    code: AssetText
    name: str
    kind: str
    scale: int


class InstrumentBody(msgspec.Struct, frozen=True, kw_only=True):
    """`tick` is the step of the price, `lot` that of the base amount."""

    symbol: InstrumentText
    base: AssetText
    quote: AssetText
    tick: DecimalText
    lot: DecimalText
    status: TradingStatus


class Range(msgspec.Struct, frozen=True, kw_only=True):
    asset: AssetText
    min: DecimalText
    max: DecimalText


class LimitsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Both amounts of a trade lie within, limits included."""

    instrument: InstrumentText
    base_amount: Range
    quote_amount: Range


class FeesBody(msgspec.Struct, frozen=True, kw_only=True):
    """Both spreads are taken from the liquidity provider's price, the fee from what follows."""

    instrument: InstrumentText
    platform_spread_ppm: Ppm
    tenant_spread_ppm: Ppm
    fee_ppm: Ppm
    fee_asset: AssetText


def asset_body(asset: Asset) -> AssetBody:
    return AssetBody(code=asset.code, name=asset.name, kind=asset.kind, scale=asset.scale)


def instrument_body(instrument: Instrument) -> InstrumentBody:
    return InstrumentBody(
        symbol=instrument.symbol,
        base=instrument.base.code,
        quote=instrument.quote.code,
        tick=format(instrument.tick, "f"),
        lot=decimal(instrument.lot_units, instrument.base),
        status=instrument.status,
    )


def limits_body(instrument: Instrument) -> LimitsBody:
    return LimitsBody(
        instrument=instrument.symbol,
        base_amount=_range(instrument.base, instrument.min_base_units, instrument.max_base_units),
        quote_amount=_range(
            instrument.quote, instrument.min_quote_units, instrument.max_quote_units
        ),
    )


def fees_body(instrument: Instrument, pricing: PricingPolicy) -> FeesBody:
    return FeesBody(
        instrument=instrument.symbol,
        platform_spread_ppm=pricing.platform_spread_ppm,
        tenant_spread_ppm=pricing.tenant_spread_ppm,
        fee_ppm=pricing.fee_ppm,
        fee_asset=instrument.quote.code,
    )


def _range(asset: Asset, min_units: int, max_units: int) -> Range:
    return Range(asset=asset.code, min=decimal(min_units, asset), max=decimal(max_units, asset))
