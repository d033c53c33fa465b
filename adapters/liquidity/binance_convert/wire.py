"""Requests as Binance wants them: parameters in a form body or query, signed, never in JSON."""

from typing import Final

from yarl import URL

from adapters.http_client.exchange import Exchange, Patience
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.binance_convert.signing import signed
from adapters.liquidity.channel import LOOKUP_ATTEMPTS, Channel
from adapters.liquidity.times import to_ms
from application.ports.clock import Clock

BASE_PATH: Final = "/sapi/v1/convert/"
ACCOUNT_PATH: Final = "/api/v3/"
# The vendor's, of what it counts by account. The rest counts by address, and is asked rarely.
WEIGHTS: Final = {"getQuote": 200, "acceptQuote": 500, "orderStatus": 100, "tradeFlow": 3_000}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Wire:
    def __init__(self, settings: BinanceConvertSettings, *, channel: Channel, clock: Clock) -> None:
        self._settings = settings
        self._channel = channel
        self._clock = clock
        self._secret = settings.api_secret.encode()
        base = settings.base_url + BASE_PATH
        self._urls = {name: URL(base + name, encoded=True) for name in ("getQuote", "acceptQuote")}

    async def post(
        self, name: str, params: str, *, patience: Patience, scenario: str | None
    ) -> Exchange:
        """Once, whatever happens."""
        return await self._channel.post(
            self._urls[name],
            self._signed(params),
            patience=patience,
            headers=_FORM,
            scenario=scenario,
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

        def target() -> URL:
            query = self._signed(params).decode() if is_signed else params
            return URL(f"{self._settings.base_url}{below}{name}?{query}", encoded=True)

        return await self._channel.get(
            target, read_ms=read_ms, attempts=attempts, weight=WEIGHTS.get(name, 0)
        )

    def _signed(self, params: str) -> bytes:
        now_ms = to_ms(self._clock.now())
        joint = "&" if params else ""
        text = f"{params}{joint}recvWindow={self._settings.recv_window_ms}&timestamp={now_ms}"
        return signed(self._secret, text.encode())
