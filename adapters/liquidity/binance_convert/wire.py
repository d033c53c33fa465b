"""Requests as Binance wants them: parameters in a form body or query, signed, never in JSON."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from yarl import URL

from adapters.http_client.client import HttpClient
from adapters.http_client.exchange import Answered, Exchange, NotSent, Patience
from adapters.http_client.gate import Gate
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.binance_convert.errors import BANNED, TOO_MANY_REQUESTS
from adapters.liquidity.binance_convert.signing import signed
from adapters.liquidity.binance_convert.transform import to_ms
from application.ports.clock import Clock

BASE_PATH: Final = "/sapi/v1/convert/"
ACCOUNT_PATH: Final = "/api/v3/"
SLOW_DOWN: Final = timedelta(seconds=1)
BAN_SHORTEST: Final = timedelta(minutes=2)
LOOKUP_ATTEMPTS: Final = 2
_FORM: Final = "application/x-www-form-urlencoded"
_SCENARIO: Final = re.compile(r"[ -~]{1,256}")


class Wire:
    """Keeps away from the vendor while it has asked us to: every call checks `closed_until`."""

    def __init__(self, settings: BinanceConvertSettings, *, http: HttpClient, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._secret = settings.api_secret.encode()
        self._base = settings.base_url + BASE_PATH
        self._urls = {
            name: URL(self._base + name, encoded=True) for name in ("getQuote", "acceptQuote")
        }
        self._gate = Gate()

    def closed_until(self) -> datetime | None:
        return self._gate.closed_until(self._clock.now())

    async def post(
        self, name: str, params: str, *, patience: Patience, scenario: str | None
    ) -> Exchange:
        """Once, whatever happens."""
        body = self._signed(params)
        headers = {"Content-Type": _FORM, **self._scenario(scenario)}
        return self._heed(
            await self._http.post(self._urls[name], body, patience=patience, headers=headers)
        )

    async def get(
        self,
        name: str,
        params: str,
        *,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
        is_signed: bool = True,
        below: str = BASE_PATH,
    ) -> Exchange:
        """`NotSent` while the vendor wants no requests."""
        if (until := self.closed_until()) is not None:
            return NotSent(f"the vendor wants no request until {until}")
        patience = Patience(
            self._settings.connect_timeout_ms, read_ms or self._settings.lookup_timeout_ms
        )

        def target() -> URL:
            query = self._signed(params).decode() if is_signed else params
            return URL(f"{self._settings.base_url}{below}{name}?{query}", encoded=True)

        return self._heed(await self._http.get(target, patience=patience, attempts=attempts))

    def _signed(self, params: str) -> bytes:
        now_ms = to_ms(self._clock.now())
        joint = "&" if params else ""
        text = f"{params}{joint}recvWindow={self._settings.recv_window_ms}&timestamp={now_ms}"
        return signed(self._secret, text.encode())

    def _scenario(self, scenario: str | None) -> Mapping[str, str]:
        if scenario is None or not self._settings.sandbox or not _SCENARIO.fullmatch(scenario):
            return {}
        return {"X-Aksum-Scenario": scenario}

    def _heed(self, exchange: Exchange) -> Exchange:
        if isinstance(exchange, Answered) and exchange.status in (TOO_MANY_REQUESTS, BANNED):
            default = BAN_SHORTEST if exchange.status == BANNED else SLOW_DOWN
            retry_after = exchange.headers.get("Retry-After")
            self._gate.close(self._clock.now(), retry_after, default=default)
        return exchange
