"""Answers as the vendor's documents and its SDK show them, typed anew."""

from typing import Final

MARKETS: Final = b"""{"markets": [{
  "market_id": "XBTZAR", "trading_status": "ACTIVE",
  "base_currency": "XBT", "counter_currency": "ZAR",
  "min_volume": "0.0005", "max_volume": "100.00", "volume_scale": 6,
  "min_price": "10000.00", "max_price": "5000000.00", "price_scale": 0, "fee_scale": 8}]}"""

BOOK: Final = b"""{"timestamp": 1747300000123,
  "bids": [{"price": "1900000.00", "volume": "0.10"}, {"price": "1899000.00", "volume": "5.00"}],
  "asks": [{"price": "1901000.00", "volume": "0.25"}, {"price": "1901500.00", "volume": "0.40"}]}"""

ORDER: Final[dict[str, object]] = {
    "order_id": "BXMC2CJ7HNB88U4",
    "client_order_id": "ord_1",
    "pair": "XBTZAR",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "FOK",
    "status": "COMPLETE",
    "limit_price": "1903000",
    "limit_volume": "0.25",
    "base": "0.25",
    "counter": "475250.00",
    "fee_base": "0.00025",
    "fee_counter": "0.00",
    "creation_timestamp": 1747300000620,
    "completed_timestamp": 1747300000620,
    "expiration_timestamp": 0,
    "base_account_id": 1,
    "counter_account_id": 2,
    "stop_price": "0",
    "stop_direction": "",
}


def error(code: str) -> bytes:
    return f'{{"error": "in words", "error_code": "{code}"}}'.encode()
