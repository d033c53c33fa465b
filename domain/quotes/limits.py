"""What may be quoted at all, before and after a price is known."""

from ..assets.instrument import Instrument, TradingStatus
from ..shared.errors import RuleViolation
from ..shared.money import AssetCode


class InstrumentHalted(RuleViolation):
    code = "instrument_halted"


class AmountBelowMinimum(RuleViolation):
    code = "amount_below_minimum"


class AmountAboveMaximum(RuleViolation):
    code = "amount_above_maximum"


class AmountNotOnLot(RuleViolation):
    code = "amount_not_on_lot"


class QuoteTooSmall(RuleViolation):
    """One side of the trade would be worth nothing."""

    code = "quote_too_small"


def check_open(instrument: Instrument) -> None:
    """Raises `InstrumentHalted`, whichever way the instrument is not open."""
    if instrument.status is not TradingStatus.OPEN:
        raise InstrumentHalted(
            f"{instrument.symbol} is {instrument.status}",
            instrument=instrument.symbol,
            status=instrument.status,
        )


def check_base(base_units: int, instrument: Instrument) -> None:
    """Raises `AmountBelowMinimum`, `AmountAboveMaximum` or `AmountNotOnLot`, in that order."""
    _check_range(
        base_units,
        asset=instrument.base.code,
        min_units=instrument.min_base_units,
        max_units=instrument.max_base_units,
    )
    if base_units % instrument.lot_units != 0:
        raise AmountNotOnLot(
            "amount is not a multiple of the lot",
            asset=instrument.base.code,
            lot_units=instrument.lot_units,
        )


def check_quote(quote_units: int, instrument: Instrument) -> None:
    """Raises `AmountBelowMinimum` or `AmountAboveMaximum`."""
    _check_range(
        quote_units,
        asset=instrument.quote.code,
        min_units=instrument.min_quote_units,
        max_units=instrument.max_quote_units,
    )


def _check_range(units: int, *, asset: AssetCode, min_units: int, max_units: int) -> None:
    if units < min_units:
        raise AmountBelowMinimum("amount is too small", asset=asset, min_units=min_units)
    if units > max_units:
        raise AmountAboveMaximum("amount is too large", asset=asset, max_units=max_units)
