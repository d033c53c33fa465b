"""Which LP makes the price of a quote. Asking commits nobody, so that it may be tried elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from application.errors import NoLiquidity
from application.ports.catalog import Platform
from application.ports.liquidity import LiquidityProvider
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.liquidity.routing import route
from domain.quotes.pricing import LpQuoteMismatch, LpQuoteTooShort
from domain.shared.price import PriceInvalid

T = TypeVar("T")

# Quotes that no offer can be made of: another trade, too short, or a price beyond all reason.
LP_AT_FAULT: Final = (LpQuoteMismatch, LpQuoteTooShort, PriceInvalid)


class AskProviders:
    """- LPs are asked in the order of the routing policy; the first that quotes wins.
    - An answer that no offer can be made of is a refusal, and the next LP is asked.
    """

    def __init__(
        self, *, platform: Platform, providers: Mapping[LpName, LiquidityProvider]
    ) -> None:
        self._platform = platform
        self._providers = providers

    async def ask(self, asked: LpQuoteRequest, *, accept: Callable[[LpQuote], Awaitable[T]]) -> T:
        """What `accept` makes of the quote that wins; it raises one of `LP_AT_FAULT` for a quote
        that no offer can be made of.

        Raises `NoLiquidity`, which names the LPs and why they do not quote.
        """
        view = await self._platform.view()
        routing = view.routing
        refused: tuple[tuple[LpName, QuoteRefusal], ...] = ()
        unreachable = view.halted | (
            frozenset()
            if routing is None
            else {lp for lp in (routing.primary, *routing.backups) if lp not in self._providers}
        )
        while routing is not None:
            name = route(routing, halted=unreachable, refused=refused)
            if name is None:
                break
            answer = await self._providers[name].request_quote(asked)
            if isinstance(answer, LpQuoteRefused):
                refused = (*refused, (name, answer.reason))
                continue
            try:
                return await accept(answer)
            except LP_AT_FAULT:
                refused = (*refused, (name, QuoteRefusal.INVALID_RESPONSE))
        raise NoLiquidity("no liquidity provider quotes this just now", refused=refused)
