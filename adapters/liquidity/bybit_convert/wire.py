"""Requests as Bybit wants them: JSON or a query, signed in the headers."""

from datetime import timedelta
from typing import Final

from yarl import URL

from adapters.http_client.exchange import Answered, Exchange, Patience
from adapters.liquidity.bybit_convert.config import BybitConvertSettings
from adapters.liquidity.bybit_convert.errors import RATE_LIMITED
from adapters.liquidity.bybit_convert.replies import Code, Reply, read_reply
from adapters.liquidity.bybit_convert.signing import signed_headers
from adapters.liquidity.channel import LOOKUP_ATTEMPTS, SLOW_DOWN, Channel
from adapters.liquidity.times import MILLISECOND, to_ms
from application.ports.clock import Clock

BASE_PATH: Final = "/v5/asset/exchange/"
RESET: Final = "X-Bapi-Limit-Reset-Timestamp"
RESET_DIGITS_MAX: Final = 14
_JSON: Final = {"Content-Type": "application/json"}


class Wire:
    def __init__(self, settings: BybitConvertSettings, *, channel: Channel, clock: Clock) -> None:
        self._settings = settings
        self._channel = channel
        self._clock = clock
        self._base = settings.base_url + BASE_PATH

    async def post(
        self, name: str, body: bytes, *, patience: Patience, scenario: str | None
    ) -> Reply:
        """Once, whatever happens."""
        return self._heed(
            await self._channel.post(
                URL(self._base + name, encoded=True),
                body,
                patience=patience,
                headers={**_JSON, **self._signed(body)},
                scenario=scenario,
            )
        )

    async def get(self, name: str, query: str, *, read_ms: int | None = None) -> Reply:
        """`query` is sent and signed as it is, after the kind of account.

        With `read_ms`, the time that is left, it is asked once.
        """
        text = f"accountType={self._settings.account_type}&{query}".rstrip("&")
        url = URL(f"{self._base}{name}?{text}", encoded=True)
        return self._heed(
            await self._channel.get(
                lambda: url,
                read_ms=read_ms,
                attempts=LOOKUP_ATTEMPTS if read_ms is None else 1,
                headers=lambda: self._signed(text.encode()),
            )
        )

    def _signed(self, payload: bytes) -> dict[str, str]:
        return signed_headers(
            self._settings.api_key,
            self._settings.api_secret,
            payload,
            timestamp_ms=to_ms(self._clock.now()),
            window_ms=self._settings.recv_window_ms,
        )

    def _heed(self, exchange: Exchange) -> Reply:
        reply = read_reply(exchange)
        limited = isinstance(reply, Code) and reply.code in RATE_LIMITED
        if limited and isinstance(exchange, Answered):
            self._channel.keep_away(self._wait(exchange.headers.get(RESET)))
        return reply

    def _wait(self, reset: str | None) -> timedelta:
        """Until the moment the vendor names; a second when it names none that can be read."""
        text = reset or ""
        if not (text.isascii() and text.isdigit() and len(text) <= RESET_DIGITS_MAX):
            return SLOW_DOWN
        return (int(text) - to_ms(self._clock.now())) * MILLISECOND
