"""Asking for a price, and what must be known first: decimals for the grid, limits."""

from adapters.http_client.exchange import Answered, Patience
from adapters.liquidity.asking import Ask, ask_for
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.binance_convert.errors import MEANINGS
from adapters.liquidity.binance_convert.reference import NotListed, PairLimits
from adapters.liquidity.binance_convert.schemas import read_assets, read_pairs
from adapters.liquidity.binance_convert.transform import (
    beyond_limits,
    error_in,
    limits_of,
    quote_params,
    read_quote,
)
from adapters.liquidity.binance_convert.wire import Wire
from adapters.liquidity.cached import Cached, Freshness
from adapters.liquidity.channel import Channel
from adapters.liquidity.meanings import OK, SERVER_ERROR_FROM
from adapters.liquidity.reading import Unreadable
from application.ports.clock import Clock
from domain.assets.asset import Asset
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.money import AmountInvalid

Limits = PairLimits | NotListed


class Quoting:
    def __init__(
        self, settings: BinanceConvertSettings, *, channel: Channel, wire: Wire, clock: Clock
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._wire = wire
        self._clock = clock
        self._patience = Patience(settings.connect_timeout_ms, settings.quote_timeout_ms)
        self._freshness = Freshness(settings.reference_fresh_for, settings.reference_usable_for)
        self._decimals = Cached(self._load_decimals, clock=clock, freshness=self._freshness)
        self._limits: dict[tuple[str, str], Cached[Limits]] = {}

    async def request(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        if (unasked := self._channel.why_not_asked()) is not None:
            return unasked
        decimals = await self._decimals.get()
        if decimals is None:
            return self._refuse(QuoteRefusal.UNAVAILABLE, "assetInfo is not to be had")
        ask = ask_for(request, decimals)
        if isinstance(ask, QuoteRefusal):
            return self._refuse(ask, "by assetInfo")
        beyond = beyond_limits(ask, await self._limits_of(ask).get())
        if beyond is not None:
            return self._refuse(beyond, "by exchangeInfo")
        params = quote_params(
            ask, wallet_type=self._settings.wallet_type, valid_time=self._settings.valid_time
        )
        exchange = await self._wire.post(
            "getQuote", params, patience=self._patience, scenario=request.scenario
        )
        return read_quote(exchange, ask, lp=self._settings.lp, received_at=self._clock.now())

    async def close(self) -> None:
        await self._decimals.close()
        for cached in self._limits.values():
            await cached.close()

    def _limits_of(self, ask: Ask) -> Cached[Limits]:
        give, get = ask.give, ask.get
        cached = self._limits.get((give.code, get.code))
        if cached is None:

            async def load() -> Limits | None:
                return await self._load_limits(give, get)

            cached = Cached(load, clock=self._clock, freshness=self._freshness)
            self._limits[give.code, get.code] = cached
        return cached

    async def _load_decimals(self) -> dict[str, int] | None:
        exchange = await self._wire.get("assetInfo", "")
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            assets = read_assets(exchange.body)
        except Unreadable:
            return None
        return {each.asset: each.fraction for each in assets}

    async def _load_limits(self, give: Asset, get: Asset) -> Limits | None:
        params = f"fromAsset={give.code}&toAsset={get.code}"
        exchange = await self._wire.get("exchangeInfo", params, is_signed=False)
        if not isinstance(exchange, Answered):
            return None
        if exchange.status != OK:
            reply = error_in(exchange.body)
            meaning = None if reply is None else MEANINGS.get(str(reply.code))
            unsupported = meaning is not None and meaning.quote is QuoteRefusal.UNSUPPORTED
            return NotListed() if unsupported and exchange.status < SERVER_ERROR_FROM else None
        try:
            return limits_of(read_pairs(exchange.body), give, get)
        except (Unreadable, AmountInvalid):
            return None

    def _refuse(self, reason: QuoteRefusal, detail: str) -> LpQuoteRefused:
        return LpQuoteRefused(lp=self._settings.lp, reason=reason, detail=detail)
