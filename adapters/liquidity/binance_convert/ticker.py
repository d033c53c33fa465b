"""`GET /api/v3/ticker/bookTicker`, which tells no time."""

from typing import Final

import msgspec

from adapters.liquidity.reading import PlainText, Unreadable, reader
from adapters.liquidity.ticker import Ticker, Told, joined
from domain.assets.instrument import Instrument


class BookTicker(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    symbol: PlainText
    bid_price: msgspec.Raw
    ask_price: msgspec.Raw


_read = reader(BookTicker)


def path(instrument: Instrument) -> str:
    return f"/api/v3/ticker/bookTicker?symbol={joined(instrument)}"


def read_ticker(body: bytes, instrument: Instrument) -> Told:
    reply = _read(body)
    if reply.symbol != joined(instrument):
        raise Unreadable("another symbol")
    return Told(reply.bid_price, reply.ask_price)


TICKER: Final = Ticker(path=path, read=read_ticker)
