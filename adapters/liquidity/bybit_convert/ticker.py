"""`GET /v5/market/tickers?category=spot`, whose `time` is that of the answer."""

from typing import Final

import msgspec

from adapters.liquidity.reading import Milliseconds, PlainText, Unreadable, reader
from adapters.liquidity.ticker import Ticker, Told, joined
from adapters.liquidity.times import from_ms
from domain.assets.instrument import Instrument


class SpotTicker(msgspec.Struct, frozen=True, kw_only=True):
    symbol: PlainText
    bid: msgspec.Raw = msgspec.field(name="bid1Price")
    ask: msgspec.Raw = msgspec.field(name="ask1Price")


class SpotTickers(msgspec.Struct, frozen=True):
    rows: tuple[SpotTicker, ...] = msgspec.field(name="list", default=())


class TickersReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    ret_code: int
    result: SpotTickers = SpotTickers()
    time: Milliseconds


_read = reader(TickersReply)


def path(instrument: Instrument) -> str:
    return f"/v5/market/tickers?category=spot&symbol={joined(instrument)}"


def read_ticker(body: bytes, instrument: Instrument) -> Told:
    reply = _read(body)
    found = [each for each in reply.result.rows if each.symbol == joined(instrument)]
    if reply.ret_code != 0 or len(found) != 1:
        raise Unreadable("no such symbol")
    return Told(found[0].bid, found[0].ask, from_ms(reply.time))


TICKER: Final = Ticker(path=path, read=read_ticker)
