"""Asking for a price, once it is known that the vendor trades the pair."""

from adapters.http_client.exchange import Answered, Patience
from adapters.liquidity.asking import ask_for
from adapters.liquidity.busha.config import BushaSettings
from adapters.liquidity.busha.schemas import Pair, read_pairs
from adapters.liquidity.busha.transform import DECIMALS, OpenFor, quote_body, read_quote, supports
from adapters.liquidity.busha.wire import PAIRS, QUOTES, Wire
from adapters.liquidity.cached import Cached, Freshness
from adapters.liquidity.channel import Channel
from adapters.liquidity.meanings import OK
from adapters.liquidity.reading import Unreadable
from application.ports.clock import Clock
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal


class Quoting:
    def __init__(
        self, settings: BushaSettings, *, channel: Channel, wire: Wire, clock: Clock
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._wire = wire
        self._clock = clock
        self._patience = Patience(settings.connect_timeout_ms, settings.quote_timeout_ms)
        freshness = Freshness(settings.reference_fresh_for, settings.reference_usable_for)
        self._pairs = Cached(self._load_pairs, clock=clock, freshness=freshness)

    async def request(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        if (unasked := self._channel.why_not_asked()) is not None:
            return unasked
        ask = ask_for(request, DECIMALS)
        if isinstance(ask, QuoteRefusal):
            return self._refuse(ask, "by the vendor's decimals")
        pairs = await self._pairs.get()
        if pairs is None:
            return self._refuse(QuoteRefusal.UNAVAILABLE, "the pairs are not to be had")
        if not supports(pairs, ask):
            return self._refuse(QuoteRefusal.UNSUPPORTED, "not among the pairs")
        exchange = await self._wire.post(
            QUOTES, quote_body(ask), patience=self._patience, scenario=request.scenario
        )
        return read_quote(
            exchange,
            ask,
            lp=self._settings.lp,
            received_at=self._clock.now(),
            open_for=OpenFor(life=self._settings.quote_life, guard=self._settings.expiry_guard),
        )

    async def close(self) -> None:
        await self._pairs.close()

    async def _load_pairs(self) -> tuple[Pair, ...] | None:
        exchange = await self._wire.get(PAIRS, "")
        if not isinstance(exchange, Answered) or exchange.status != OK:
            return None
        try:
            return read_pairs(exchange.body).data
        except Unreadable:
            return None

    def _refuse(self, reason: QuoteRefusal, detail: str) -> LpQuoteRefused:
        return LpQuoteRefused(lp=self._settings.lp, reason=reason, detail=detail)
