"""`GET /v1/pairs`: what the vendor buys at is our bid. A hundred calls a minute are allowed."""

from datetime import timedelta
from typing import Final

import msgspec

from adapters.liquidity.reading import PlainText, Unreadable, reader
from adapters.liquidity.ticker import Ticker, Told
from domain.assets.instrument import Instrument

EVERY: Final = timedelta(seconds=3)


class PricedPair(msgspec.Struct, frozen=True, kw_only=True):
    """`sell_price` is what one gets for selling the base, `buy_price` what one pays for it."""

    base: PlainText
    counter: PlainText
    buy_price: msgspec.Raw
    sell_price: msgspec.Raw


class PricedPairs(msgspec.Struct, frozen=True):
    data: tuple[PricedPair, ...]


class Money(msgspec.Struct, frozen=True):
    amount: msgspec.Raw


_read, _read_money = reader(PricedPairs), reader(Money)


def path(instrument: Instrument) -> str:
    return f"/v1/pairs?currency={instrument.quote.code}"


def read_ticker(body: bytes, instrument: Instrument) -> Told:
    wanted = (instrument.base.code, instrument.quote.code)
    found = [each for each in _read(body).data if (each.base, each.counter) == wanted]
    if len(found) != 1:
        raise Unreadable("no such pair")
    return Told(_amount(found[0].sell_price), _amount(found[0].buy_price))


def _amount(raw: msgspec.Raw) -> msgspec.Raw:
    """Bare, or in an object with its currency: the documents that we have do not say which."""
    return _read_money(bytes(raw)).amount if bytes(raw).startswith(b"{") else raw


TICKER: Final = Ticker(path=path, read=read_ticker, every=EVERY)
