"""Asking for a price, and the list of instruments that must be known first."""

from uuid import uuid4

from adapters.http_client.exchange import Patience
from adapters.liquidity.b2c2.config import B2c2Settings
from adapters.liquidity.b2c2.replies import Body
from adapters.liquidity.b2c2.schemas import InstrumentInfo, read_instruments
from adapters.liquidity.b2c2.transform import ask_for, read_quote, rfq_body
from adapters.liquidity.b2c2.wire import Wire
from adapters.liquidity.cached import Cached, Freshness
from adapters.liquidity.channel import Channel
from adapters.liquidity.reading import Unreadable
from application.ports.clock import Clock
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.money import AmountInvalid


class Quoting:
    def __init__(
        self, settings: B2c2Settings, *, channel: Channel, wire: Wire, clock: Clock
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._wire = wire
        self._clock = clock
        self._patience = Patience(settings.connect_timeout_ms, settings.quote_timeout_ms)
        freshness = Freshness(settings.reference_fresh_for, settings.reference_usable_for)
        self._listed = Cached(self._load, clock=clock, freshness=freshness)

    async def request(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        if (unasked := self._channel.why_not_asked()) is not None:
            return unasked
        listed = await self._listed.get()
        if listed is None:
            return self._refuse(QuoteRefusal.UNAVAILABLE, "instruments/ is not to be had")
        try:
            # A price commits nobody, so its id need not be found again.
            ask = ask_for(request, listed, client_rfq_id=str(uuid4()))
        except AmountInvalid as error:
            return self._refuse(QuoteRefusal.INVALID_RESPONSE, f"instruments/: {error}")
        if isinstance(ask, QuoteRefusal):
            return self._refuse(ask, "by instruments/")
        reply = await self._wire.post(
            "/request_for_quote/",
            rfq_body(ask),
            patience=self._patience,
            scenario=request.scenario,
        )
        return read_quote(reply, ask, lp=self._settings.lp, received_at=self._clock.now())

    async def close(self) -> None:
        await self._listed.close()

    async def _load(self) -> dict[str, InstrumentInfo] | None:
        reply = await self._wire.get("/instruments/")
        if not isinstance(reply, Body):
            return None
        try:
            return {each.name: each for each in read_instruments(reply.body)}
        except Unreadable:
            return None

    def _refuse(self, reason: QuoteRefusal, detail: str) -> LpQuoteRefused:
        return LpQuoteRefused(lp=self._settings.lp, reason=reason, detail=detail)
