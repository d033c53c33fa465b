"""Asking for a price, and the list of coins that must be known first."""

from adapters.http_client.exchange import Patience
from adapters.liquidity.asking import ask_for
from adapters.liquidity.bybit_convert.config import BybitConvertSettings
from adapters.liquidity.bybit_convert.replies import Result
from adapters.liquidity.bybit_convert.schemas import read_coins
from adapters.liquidity.bybit_convert.transform import (
    Coins,
    beyond_limits,
    quote_body,
    read_quote,
)
from adapters.liquidity.bybit_convert.wire import Wire
from adapters.liquidity.cached import Cached, Freshness
from adapters.liquidity.channel import Channel
from adapters.liquidity.reading import Unreadable
from application.ports.clock import Clock
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.money import AmountInvalid

COINS_QUERY = "side=0"


class Quoting:
    def __init__(
        self, settings: BybitConvertSettings, *, channel: Channel, wire: Wire, clock: Clock
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._wire = wire
        self._clock = clock
        self._patience = Patience(settings.connect_timeout_ms, settings.quote_timeout_ms)
        freshness = Freshness(settings.reference_fresh_for, settings.reference_usable_for)
        self._coins = Cached(self.load_coins, clock=clock, freshness=freshness)

    async def request(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        if (unasked := self._channel.why_not_asked()) is not None:
            return unasked
        coins = await self._coins.get()
        if coins is None:
            return self._refuse(QuoteRefusal.UNAVAILABLE, "query-coin-list is not to be had")
        ask = ask_for(request, {name: coin.accuracy_length for name, coin in coins.items()})
        if isinstance(ask, QuoteRefusal):
            return self._refuse(ask, "by query-coin-list")
        if not ask.exact_in:
            return self._refuse(QuoteRefusal.UNSUPPORTED, "only what we give can be fixed")
        try:
            beyond = beyond_limits(ask, coins)
        except AmountInvalid as error:
            return self._refuse(QuoteRefusal.INVALID_RESPONSE, f"limits of a coin: {error}")
        if beyond is not None:
            return self._refuse(beyond, "by query-coin-list")
        reply = await self._wire.post(
            "quote-apply",
            quote_body(ask, account_type=self._settings.account_type),
            patience=self._patience,
            scenario=request.scenario,
        )
        return read_quote(reply, ask, lp=self._settings.lp, received_at=self._clock.now())

    async def close(self) -> None:
        await self._coins.close()

    async def load_coins(self) -> Coins | None:
        """Asked anew: it holds the balances as well. None on any trouble."""
        reply = await self._wire.get("query-coin-list", COINS_QUERY)
        if not isinstance(reply, Result):
            return None
        try:
            return {each.coin: each for each in read_coins(reply.body).coins}
        except Unreadable:
            return None

    def _refuse(self, reason: QuoteRefusal, detail: str) -> LpQuoteRefused:
        return LpQuoteRefused(lp=self._settings.lp, reason=reason, detail=detail)
