"""Asking for a price: the market's rules and our fee, which rarely change, and then the book."""

from collections.abc import Awaitable, Callable

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.cached import Cached, Freshness
from adapters.liquidity.luno.config import LunoSettings
from adapters.liquidity.luno.errors import MEANINGS
from adapters.liquidity.luno.names import pair_of
from adapters.liquidity.luno.outcomes import error_in, error_text
from adapters.liquidity.luno.schemas import Market, TopOfBook, read_book, read_fee, read_markets
from adapters.liquidity.luno.transform import ACTIVE, Terms, quote_from, volume_for
from adapters.liquidity.luno.wire import FEE_INFO, MARKETS, TOP_OF_BOOK, Wire
from adapters.liquidity.meanings import OK, TOO_MANY_REQUESTS, UNMAPPED
from adapters.liquidity.reading import Unreadable, detail
from application.ports.clock import Clock
from domain.liquidity.quote import (
    LpQuote,
    LpQuoteInvalid,
    LpQuoteRefused,
    LpQuoteRequest,
    QuoteRefusal,
)
from domain.shared.money import AmountInvalid


class Quoting:
    def __init__(self, settings: LunoSettings, *, wire: Wire, clock: Clock) -> None:
        self._settings = settings
        self._wire = wire
        self._clock = clock
        self._freshness = Freshness(settings.reference_fresh_for, settings.reference_usable_for)
        self._markets = Cached(self._load_markets, clock=clock, freshness=self._freshness)
        self._fees: dict[str, Cached[str]] = {}

    async def market(self, pair: str) -> Market | None:
        markets = await self._markets.get()
        return None if markets is None else markets.get(pair)

    async def request(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        markets = await self._markets.get()
        if markets is None:
            return self._refuse(QuoteRefusal.UNAVAILABLE, "the markets are not to be had")
        market = markets.get(pair_of(request.instrument))
        if market is None:
            return self._refuse(QuoteRefusal.UNSUPPORTED, "not among the markets")
        if market.trading_status != ACTIVE:
            return self._refuse(QuoteRefusal.UNAVAILABLE, f"market is {market.trading_status}")
        taker_fee = await self._fee_of(market.market_id).get()
        if taker_fee is None:
            return self._refuse(QuoteRefusal.UNAVAILABLE, "our fee is not to be had")
        terms = Terms(
            market=market, taker_fee=taker_fee, buffer_ppm=self._settings.price_buffer_ppm
        )
        try:
            return await self._price(request, terms)
        except (AmountInvalid, LpQuoteInvalid) as error:
            return self._refuse(QuoteRefusal.INVALID_RESPONSE, str(error))

    async def close(self) -> None:
        await self._markets.close()
        for cached in self._fees.values():
            await cached.close()

    async def _price(self, request: LpQuoteRequest, terms: Terms) -> LpQuote | LpQuoteRefused:
        volume = volume_for(request, terms)
        if isinstance(volume, QuoteRefusal):
            return self._refuse(volume, "by the market's rules")
        exchange = await self._wire.get(
            TOP_OF_BOOK,
            f"pair={terms.market.market_id}",
            read_ms=self._settings.quote_timeout_ms,
            attempts=1,
            scenario=request.scenario,
            weight=0,
        )
        book = self._read(exchange)
        if isinstance(book, LpQuoteRefused):
            return book
        quote = quote_from(
            book,
            request,
            terms,
            volume,
            lp=self._settings.lp,
            received_at=self._clock.now(),
            life=self._settings.quote_life,
        )
        if isinstance(quote, QuoteRefusal):
            return self._refuse(quote, "the book is too thin")
        return quote

    def _read(self, exchange: Exchange) -> TopOfBook | LpQuoteRefused:
        match exchange:
            case NotSent(cause):
                return self._refuse(QuoteRefusal.UNAVAILABLE, cause)
            case Lost(cause=cause, timed_out=timed_out):
                late = QuoteRefusal.TIMEOUT if timed_out else QuoteRefusal.UNAVAILABLE
                return self._refuse(late, cause)
            case Answered(status, _, body) if status != OK:
                reply = error_in(body)
                reason = QuoteRefusal.UNAVAILABLE
                if status == TOO_MANY_REQUESTS:
                    reason = QuoteRefusal.RATE_LIMITED
                elif reply is not None:
                    reason = MEANINGS.get(reply.error_code, UNMAPPED).quote
                return self._refuse(reason, error_text(status, reply))
            case Answered(_, _, body):
                try:
                    return read_book(body)
                except Unreadable as error:
                    return self._refuse(QuoteRefusal.INVALID_RESPONSE, str(error))

    def _fee_of(self, pair: str) -> Cached[str]:
        cached = self._fees.get(pair)
        if cached is None:
            cached = Cached(self._fee_loader(pair), clock=self._clock, freshness=self._freshness)
            self._fees[pair] = cached
        return cached

    def _fee_loader(self, pair: str) -> Callable[[], Awaitable[str | None]]:
        async def load() -> str | None:
            exchange = await self._wire.get(FEE_INFO, f"pair={pair}")
            if not isinstance(exchange, Answered) or exchange.status != OK:
                return None
            try:
                return read_fee(exchange.body).taker_fee
            except Unreadable:
                return None

        return load

    async def _load_markets(self) -> dict[str, Market] | None:
        exchange = await self._wire.get(MARKETS, "")
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            return {each.market_id: each for each in read_markets(exchange.body).markets}
        except Unreadable:
            return None

    def _refuse(self, reason: QuoteRefusal, why: str) -> LpQuoteRefused:
        return LpQuoteRefused(lp=self._settings.lp, reason=reason, detail=detail(why))
