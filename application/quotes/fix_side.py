"""Asks one LP in the words it understands, so that the side the customer fixed comes out exact."""

from typing import Final

from application.ports.liquidity import LiquidityProvider
from domain.liquidity.answer import covers
from domain.liquidity.inversion import Rate, first_guess, inverted
from domain.liquidity.listing import Listing
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal

RATES_MAX: Final = 10_000


class FixSide:
    """- An LP that can fix the customer's side is asked for it.
    - Any other is asked for an amount of the other side, at the last rate we saw. If that answer
      does not cover the customer's amount, it is asked once more, at its own rate.
    - An answer that does not cover it then has moved away in between: there is no third question.
    """

    def __init__(self) -> None:
        self._rates: dict[tuple[LpName | None, str], Rate] = {}

    async def ask(
        self, provider: LiquidityProvider, asked: LpQuoteRequest, listing: Listing
    ) -> LpQuote | LpQuoteRefused:
        if provider.capabilities.fixes(asked.side, asked.fixed):
            answer = await provider.request_quote(asked)
            if isinstance(answer, LpQuote):
                self._remember(None, asked, answer)
            return answer
        first = await self._first(provider, asked, listing)
        if isinstance(first, LpQuoteRefused):
            return first
        rate = self._remember(provider.name, asked, first)
        # A fault that a sandbox's caller names belongs to the quote that is offered.
        if asked.scenario is None and covers(asked, first):
            return first
        second = await provider.request_quote(inverted(asked, rate, listing))
        if isinstance(second, LpQuoteRefused):
            return second
        self._remember(provider.name, asked, second)
        if covers(asked, second):
            return second
        return LpQuoteRefused(
            lp=provider.name,
            reason=QuoteRefusal.MOVED,
            detail="the price moved between two questions, or the steps are too coarse",
        )

    async def _first(
        self, provider: LiquidityProvider, asked: LpQuoteRequest, listing: Listing
    ) -> LpQuote | LpQuoteRefused:
        symbol = asked.instrument.symbol
        rate = self._rates.get((provider.name, symbol)) or self._rates.get((None, symbol))
        request = first_guess(asked, listing) if rate is None else inverted(asked, rate, listing)
        return await provider.request_quote(_without_fault(request))

    def _remember(self, lp: LpName | None, asked: LpQuoteRequest, quote: LpQuote) -> Rate:
        """Under no name: what any LP of those that fix everything said last."""
        rate = Rate(quote.base_units, quote.quote_units)
        if len(self._rates) >= RATES_MAX:
            self._rates.clear()
        self._rates[lp, asked.instrument.symbol] = rate
        return rate


def _without_fault(request: LpQuoteRequest) -> LpQuoteRequest:
    if request.scenario is None:
        return request
    return LpQuoteRequest(
        instrument=request.instrument, side=request.side, fixed=request.fixed, units=request.units
    )
