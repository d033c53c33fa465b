"""A vendor's public best bid and ask. No credentials are sent: anybody may ask for these."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from yarl import URL

from adapters.http_client.client import HttpClient
from adapters.http_client.exchange import Answered, Patience
from adapters.http_client.gate import Gate
from adapters.liquidity.meanings import BANNED, OK, TOO_MANY_REQUESTS
from adapters.liquidity.reading import Unreadable, amount_text
from application.ports.clock import Clock
from domain.assets.instrument import Instrument
from domain.liquidity.reference import Reference
from domain.shared.money import AmountInvalid, split_plain_number

EVERY: Final = timedelta(seconds=1)
PATIENCE: Final = Patience(connect_ms=500, read_ms=1_000)
SLOW_DOWN: Final = timedelta(seconds=30)


class Told(msgspec.Struct, frozen=True):
    """As the vendor tells it. `at` where it says when."""

    bid: msgspec.Raw
    ask: msgspec.Raw
    at: datetime | None = None


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """How one dialect is asked. `read` raises `Unreadable` for all that is not a price."""

    path: Callable[[Instrument], str]
    read: Callable[[bytes, Instrument], Told]
    every: timedelta = EVERY


class PublicTicker:
    def __init__(
        self,
        ticker: Ticker,
        *,
        source: str,
        vendor: str,
        base_url: str,
        http: HttpClient,
        clock: Clock,
    ) -> None:
        self._ticker = ticker
        self._source = source
        self._vendor = vendor
        self._base_url = base_url
        self._http = http
        self._clock = clock
        self._gate = Gate()

    @property
    def source(self) -> str:
        return self._source

    @property
    def vendor(self) -> str:
        return self._vendor

    @property
    def every(self) -> timedelta:
        return self._ticker.every

    async def read(self, instrument: Instrument) -> Reference | None:
        asked_at = self._clock.now()
        if self._gate.closed_until(asked_at) is not None:
            return None
        url = URL(self._base_url + self._ticker.path(instrument), encoded=True)
        exchange = await self._http.get(lambda: url, patience=PATIENCE)
        if not isinstance(exchange, Answered):
            return None
        if exchange.status in (TOO_MANY_REQUESTS, BANNED):
            retry_after = exchange.headers.get("Retry-After")
            self._gate.close(self._clock.now(), retry_after, default=SLOW_DOWN)
        if exchange.status != OK:
            return None
        try:
            told = self._ticker.read(exchange.body, instrument)
            bid, ask = _decimal(told.bid), _decimal(told.ask)
        except Unreadable:
            return None
        # The price is at least as old as the question: an answer that dawdled is not news.
        return Reference(
            source=self._source,
            vendor=self._vendor,
            bid=bid,
            ask=ask,
            observed_at=asked_at,
            source_time=told.at,
        )

    async def close(self) -> None:
        await self._http.close()


def joined(instrument: Instrument) -> str:
    """The symbol as most exchanges write it."""
    return f"{instrument.base.code}{instrument.quote.code}"


def _decimal(raw: msgspec.Raw) -> Decimal:
    """Exactly the digits of the wire. Raises `Unreadable`."""
    text = amount_text(raw)
    try:
        split_plain_number(text)
    except AmountInvalid as error:
        raise Unreadable(str(error)) from error
    return Decimal(text)
