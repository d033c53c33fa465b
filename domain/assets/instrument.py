from decimal import Decimal
from enum import StrEnum

import msgspec

from ..shared.errors import RuleViolation
from ..shared.money import AssetCode, check_limit
from .asset import Asset


class InstrumentInvalid(RuleViolation):
    code = "instrument_invalid"


class TradingStatus(StrEnum):
    """Quotes are made while `open` only; the others matter to an order book."""

    PRE_OPEN = "pre_open"
    OPEN = "open"
    POST_ONLY = "post_only"
    HALTED = "halted"
    CLOSED = "closed"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A pair with the grid it trades on; limits are inclusive. Raises `InstrumentInvalid`.

    `tick` is the price step in quote asset per whole base unit, `lot_units` the step of base units.
    """

    symbol: str
    base: Asset
    quote: Asset
    tick: Decimal
    lot_units: int
    min_base_units: int
    max_base_units: int
    min_quote_units: int
    max_quote_units: int
    status: TradingStatus

    def __post_init__(self) -> None:
        rules = (
            (self.base.code != self.quote.code, "base and quote are one asset"),
            (self.symbol == f"{self.base.code}-{self.quote.code}", "symbol must be BASE-QUOTE"),
            (self.tick.is_finite() and self.tick > 0, "tick must be positive"),
            (self.lot_units > 0, "lot must be positive"),
            (0 < self.min_base_units <= self.max_base_units, "base limits are crossed"),
            (0 < self.min_quote_units <= self.max_quote_units, "quote limits are crossed"),
        )
        for satisfied, detail in rules:
            if not satisfied:
                raise InstrumentInvalid(detail, instrument=self.symbol)
        check_limit(self.max_base_units)
        check_limit(self.max_quote_units)


def split_symbol(symbol: str) -> tuple[AssetCode, AssetCode]:
    """Base and quote asset. Raises `InstrumentInvalid`."""
    base, separator, quote = symbol.partition("-")
    if not (base and separator and quote) or "-" in quote:
        raise InstrumentInvalid("symbol must be BASE-QUOTE", instrument=symbol)
    return AssetCode(base), AssetCode(quote)
