"""The instruments that tests of LPs trade."""

from decimal import Decimal
from typing import Final

from domain.assets.asset import Asset, AssetKind
from domain.assets.instrument import Instrument, TradingStatus
from domain.shared.money import AssetCode

BTC: Final = Asset(code=AssetCode("BTC"), scale=8, kind=AssetKind.CRYPTO, name="Bitcoin")
ETH: Final = Asset(code=AssetCode("ETH"), scale=18, kind=AssetKind.CRYPTO, name="Ether")
USDT: Final = Asset(code=AssetCode("USDT"), scale=8, kind=AssetKind.CRYPTO, name="Tether")
ZAR: Final = Asset(code=AssetCode("ZAR"), scale=2, kind=AssetKind.FIAT, name="Rand")
NGN: Final = Asset(code=AssetCode("NGN"), scale=2, kind=AssetKind.FIAT, name="Naira")
KES: Final = Asset(code=AssetCode("KES"), scale=2, kind=AssetKind.FIAT, name="Shilling")
USD_OF_FOUR: Final = Asset(code=AssetCode("USD"), scale=4, kind=AssetKind.FIAT, name="US dollar")
USD_OF_THREE: Final = Asset(code=AssetCode("USD"), scale=3, kind=AssetKind.FIAT, name="US dollar")
DOGE: Final = Asset(code=AssetCode("DOGE"), scale=8, kind=AssetKind.CRYPTO, name="Dogecoin")


def instrument_of(base: Asset, quote: Asset = USDT) -> Instrument:
    return Instrument(
        symbol=f"{base.code}-{quote.code}",
        base=base,
        quote=quote,
        tick=Decimal("0.01"),
        lot_units=1,
        min_base_units=1,
        max_base_units=10**24,
        min_quote_units=1,
        max_quote_units=10**24,
        status=TradingStatus.OPEN,
    )


BTC_USDT: Final = instrument_of(BTC)
ETH_USDT: Final = instrument_of(ETH)
DOGE_USDT: Final = instrument_of(DOGE)
BTC_ZAR: Final = instrument_of(BTC, ZAR)
USDT_NGN: Final = instrument_of(USDT, NGN)
USDT_KES: Final = instrument_of(USDT, KES)
