from decimal import Decimal

import msgspec
import pytest

from domain.assets.asset import Asset, AssetInvalid, AssetKind
from domain.assets.catalog import AssetUnknown, Catalog, InstrumentUnknown
from domain.assets.instrument import InstrumentInvalid, split_symbol
from domain.shared.money import AssetCode
from tests.unit.domain.builders import BTC, USDT, instrument_of

CATALOG = Catalog(
    assets={BTC.code: BTC, USDT.code: USDT}, instruments={"BTC-USDT": instrument_of()}
)


def test_listed_things_are_found() -> None:
    assert CATALOG.asset("BTC") is BTC
    assert CATALOG.instrument("BTC-USDT").quote is USDT


def test_unlisted_things_are_named_in_the_refusal() -> None:
    with pytest.raises(AssetUnknown) as asset:
        CATALOG.asset("DOGE")
    with pytest.raises(InstrumentUnknown) as instrument:
        CATALOG.instrument("USDT-BTC")
    assert asset.value.context == {"asset": "DOGE"}
    assert instrument.value.context == {"instrument": "USDT-BTC"}


@pytest.mark.parametrize(
    ("code", "scale"), [("btc", 8), ("", 8), ("B-C", 8), ("BTC", -1), ("BTC", 31)]
)
def test_malformed_asset_is_refused(code: str, scale: int) -> None:
    with pytest.raises(AssetInvalid):
        Asset(code=AssetCode(code), scale=scale, kind=AssetKind.CRYPTO, name="x")


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "USDT-BTC"},
        {"quote": BTC},
        {"tick": Decimal(0)},
        {"tick": Decimal("NaN")},
        {"lot_units": 0},
        {"min_base_units": 0},
        {"min_base_units": 10, "max_base_units": 9},
        {"min_quote_units": 0},
        {"min_quote_units": 10, "max_quote_units": 9},
    ],
)
def test_malformed_instrument_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InstrumentInvalid):
        msgspec.structs.replace(instrument_of(), **change)


def test_symbol_splits_into_its_assets() -> None:
    assert split_symbol("BTC-USDT") == ("BTC", "USDT")


@pytest.mark.parametrize("symbol", ["", "-", "BTC", "BTC-", "-USDT", "BTC-USDT-X"])
def test_malformed_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(InstrumentInvalid):
        split_symbol(symbol)
