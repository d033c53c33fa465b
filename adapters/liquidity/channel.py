"""The way to one vendor: sends a POST once, repeats GETs, and keeps away when asked to."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from yarl import URL

from adapters.http_client.client import HttpClient
from adapters.http_client.exchange import Answered, Exchange, NotSent, Patience
from adapters.http_client.gate import Gate
from adapters.liquidity.meanings import BANNED, TOO_MANY_REQUESTS, Reason
from adapters.liquidity.settings import VendorSettings
from adapters.liquidity.times import MILLISECOND
from application.ports.clock import Clock
from domain.liquidity.outcome import LpExecute, Rejected

SLOW_DOWN: Final = timedelta(seconds=1)
BAN_SHORTEST: Final = timedelta(minutes=2)
LOOKUP_ATTEMPTS: Final = 2
_SCENARIO: Final = re.compile(r"[ -~]{1,256}")


class Channel:
    """Callers of `post` check `closed_until` or `why_not_sent` first; `get` does so itself."""

    def __init__(self, settings: VendorSettings, *, http: HttpClient, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._gate = Gate()

    def closed_until(self) -> datetime | None:
        return self._gate.closed_until(self._clock.now())

    def left_ms(self, request: LpExecute) -> int:
        return (request.deadline - self._clock.now()) // MILLISECOND

    def why_not_sent(self, request: LpExecute) -> Rejected | None:
        """None when the execution may still be sent."""
        if self.left_ms(request) <= 0:
            return Rejected(reason=Reason.DEADLINE_PASSED, detail="nothing was sent")
        if (until := self.closed_until()) is not None:
            detail = f"nothing was sent: the vendor wants no request until {until}"
            return Rejected(reason=Reason.RATE_LIMITED, detail=detail)
        return None

    def execution_patience(self, request: LpExecute) -> Patience:
        """A connection that takes until after the deadline must not carry the request any more."""
        connect_ms = min(self._settings.connect_timeout_ms, self.left_ms(request))
        return Patience(connect_ms, self._settings.execute_timeout_ms)

    async def post(
        self,
        url: URL,
        body: bytes,
        *,
        patience: Patience,
        headers: Mapping[str, str],
        scenario: str | None,
    ) -> Exchange:
        """Once, whatever happens."""
        sent = {**headers, **self.naming(scenario)}
        return self._heed(await self._http.post(url, body, patience=patience, headers=sent))

    async def get(
        self,
        target: Callable[[], URL],
        *,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> Exchange:
        """`NotSent` while the vendor wants no requests."""
        if (until := self.closed_until()) is not None:
            return NotSent(f"the vendor wants no request until {until}")
        patience = Patience(
            self._settings.connect_timeout_ms, read_ms or self._settings.lookup_timeout_ms
        )
        return self._heed(
            await self._http.get(target, patience=patience, attempts=attempts, headers=headers)
        )

    def keep_away(self, wish: timedelta) -> None:
        """For a vendor that asks for it in words of its own, and not with 429 or 418."""
        self._gate.close(self._clock.now(), None, default=max(wish, MILLISECOND))

    async def close(self) -> None:
        await self._http.close()

    def naming(self, scenario: str | None) -> Mapping[str, str]:
        """The header that names a fault, towards a sandbox only."""
        if scenario is None or not self._settings.sandbox or not _SCENARIO.fullmatch(scenario):
            return {}
        return {"X-Aksum-Scenario": scenario}

    def _heed(self, exchange: Exchange) -> Exchange:
        if isinstance(exchange, Answered) and exchange.status in (TOO_MANY_REQUESTS, BANNED):
            default = BAN_SHORTEST if exchange.status == BANNED else SLOW_DOWN
            retry_after = exchange.headers.get("Retry-After")
            self._gate.close(self._clock.now(), retry_after, default=default)
        return exchange
