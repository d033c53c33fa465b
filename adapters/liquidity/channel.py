"""The way to one vendor: sends a POST once, repeats GETs, and keeps away when asked to.

It also keeps within the rate that the vendor allows, and the last of that for executions and
lookups: a price can be had elsewhere, but what became of an execution only here.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec
from yarl import URL

from adapters.http_client.budget import Budget
from adapters.http_client.client import HttpClient
from adapters.http_client.exchange import Answered, Exchange, NotSent, Patience
from adapters.http_client.gate import Gate
from adapters.liquidity.meanings import BANNED, TOO_MANY_REQUESTS, Reason
from adapters.liquidity.settings import VendorSettings
from adapters.liquidity.times import MILLISECOND, to_ms
from application.ports.clock import Clock
from domain.liquidity.outcome import LpExecute, Rejected
from domain.liquidity.quote import LpQuoteRefused, QuoteRefusal

SLOW_DOWN: Final = timedelta(seconds=1)
BAN_SHORTEST: Final = timedelta(minutes=2)
LOOKUP_ATTEMPTS: Final = 2
OVERSPENT: Final = "what we may ask is spent"
_SCENARIO: Final = re.compile(r"[ -~]{1,256}")


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What requests count at the vendor: one quote with all it takes, one execution, one lookup."""

    quote: int = 1
    execute: int = 1
    lookup: int = 1


ONE_EACH: Final = Weights()


class Channel:
    """Callers ask `why_not_asked` before a quote and `why_not_sent` before an execution, which
    spend what these will cost; `get` spends by itself, unless it is part of a quote.
    """

    def __init__(
        self,
        settings: VendorSettings,
        *,
        http: HttpClient,
        clock: Clock,
        weights: Weights = ONE_EACH,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._weights = weights
        self._gate = Gate()
        self._budget = Budget(settings.rate_budget)

    def why_not_asked(self) -> LpQuoteRefused | None:
        """None when a quote may be asked for."""
        why = self._closed()
        if why is None and not self._spend(self._weights.quote, keep_reserve=True):
            why = "what we may ask is spent but for executions and lookups"
        if why is None:
            return None
        reason = QuoteRefusal.RATE_LIMITED
        return LpQuoteRefused(lp=self._settings.lp, reason=reason, detail=f"not asked: {why}")

    def left_ms(self, request: LpExecute) -> int:
        return (request.deadline - self._clock.now()) // MILLISECOND

    def why_not_sent(self, request: LpExecute) -> Rejected | None:
        """None when the execution may still be sent."""
        if self.left_ms(request) <= 0:
            return Rejected(reason=Reason.DEADLINE_PASSED, detail="nothing was sent")
        why = self._closed()
        if why is None and not self._spend(self._weights.execute):
            why = OVERSPENT
        if why is None:
            return None
        return Rejected(reason=Reason.RATE_LIMITED, detail=f"nothing was sent: {why}")

    def why_not_looked_up(self) -> str | None:
        """None when a lookup may be sent. Spends nothing: `get` does."""
        weight, now_ms = self._weights.lookup, to_ms(self._clock.now())
        enough = self._budget.has(weight, now_ms=now_ms, keep_reserve=False)
        return self._closed() or (None if enough else OVERSPENT)

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
        weight: int | None = None,
    ) -> Exchange:
        """`NotSent` while the vendor wants no requests, or may be sent none.

        `weight`: where it is not a lookup's; 0 for what was spent before, or counts elsewhere.
        """
        why = self._closed()
        if why is None and not self._spend(self._weights.lookup if weight is None else weight):
            why = OVERSPENT
        if why is not None:
            return NotSent(why)
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

    def _closed(self) -> str | None:
        until = self._gate.closed_until(self._clock.now())
        return None if until is None else f"the vendor wants no request until {until}"

    def _spend(self, weight: int, *, keep_reserve: bool = False) -> bool:
        now_ms = to_ms(self._clock.now())
        return self._budget.take(weight, now_ms=now_ms, keep_reserve=keep_reserve)

    def _heed(self, exchange: Exchange) -> Exchange:
        if isinstance(exchange, Answered) and exchange.status in (TOO_MANY_REQUESTS, BANNED):
            default = BAN_SHORTEST if exchange.status == BANNED else SLOW_DOWN
            retry_after = exchange.headers.get("Retry-After")
            self._gate.close(self._clock.now(), retry_after, default=default)
        return exchange
