"""`GET /api/1/ticker`. The vendor allows the public about a call a second."""

from datetime import timedelta
from typing import Final

import msgspec

from adapters.liquidity.luno.names import pair_of
from adapters.liquidity.reading import Milliseconds, PlainText, Unreadable, reader
from adapters.liquidity.ticker import Ticker, Told
from adapters.liquidity.times import from_ms
from domain.assets.instrument import Instrument

EVERY: Final = timedelta(seconds=2)
ACTIVE: Final = "ACTIVE"


class TickerReply(msgspec.Struct, frozen=True, kw_only=True):
    pair: PlainText
    timestamp: Milliseconds
    bid: msgspec.Raw
    ask: msgspec.Raw
    status: PlainText = ACTIVE


_read = reader(TickerReply)


def path(instrument: Instrument) -> str:
    return f"/api/1/ticker?pair={pair_of(instrument)}"


def read_ticker(body: bytes, instrument: Instrument) -> Told:
    """A market that is not active has prices nobody could have."""
    reply = _read(body)
    if reply.pair != pair_of(instrument) or reply.status != ACTIVE:
        raise Unreadable("another pair, or not active")
    return Told(reply.bid, reply.ask, from_ms(reply.timestamp))


TICKER: Final = Ticker(path=path, read=read_ticker, every=EVERY)
