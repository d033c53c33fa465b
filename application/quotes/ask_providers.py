"""Which LP makes the price of a quote. Asking commits nobody, so that several may be asked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from application.background import Background
from application.errors import NoLiquidity
from application.liquidity.price_guard import for_operators, refusal_of
from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from application.ports.standing import Standings
from application.quotes.fix_side import FixSide
from application.quotes.race import Race, Said, Started, moment_ms, refusal
from application.quotes.shortlist import Contender, Shortlists
from domain.liquidity.listing import Listings
from domain.liquidity.observation import quote_observed
from domain.liquidity.price_guard import PriceGuardRefused
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.quotes.pricing import LpQuoteMismatch, LpQuoteTooShort
from domain.shared.price import PriceInvalid

T = TypeVar("T")

# For all LPs together. A customer who waits longer has gone, and the first LP's price with them.
QUOTE_DEADLINE_MS: Final = 5_000
# Quotes that no offer can be made of: another trade, too short, a price beyond all reason, or one
# that nobody confirms.
NO_OFFER: Final = (LpQuoteMismatch, LpQuoteTooShort, PriceInvalid, PriceGuardRefused)

_log = logging.getLogger(__name__)


class AskProviders:
    """- The instrument's policy says who is asked, in which order, and whether prices are compared.
    - Who is halted or doing too badly, does not list the instrument or not the amount is not asked.
    - Who takes longer than usual is overtaken: the next is asked too, the first good answer wins.
    - Who does badly is asked beside the next one, and who is on probation by one caller at a time.
    - An answer that no offer can be made of is a refusal. Nobody is asked twice for one quote, but
      for whom cannot fix the side that the customer fixed.
    - With a sandbox's fault named, one is asked after the other: it is to strike where it is meant.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        standings: Standings,
        listings: Listings,
        background: Background,
        clock: Clock,
        deadline_ms: int = QUOTE_DEADLINE_MS,
    ) -> None:
        self._platform = platform
        self._providers = providers
        self._shortlists = Shortlists(providers, listings)
        self._standings = standings
        self._background = background
        self._clock = clock
        self._deadline_ms = deadline_ms
        self._fix_side = FixSide()

    async def ask(self, asked: LpQuoteRequest, *, accept: Callable[[LpQuote], Awaitable[T]]) -> T:
        """What `accept` makes of the quote that wins; it raises one of `NO_OFFER` for a quote
        that no offer can be made of.

        Raises `NoLiquidity`, which names the LPs and why they do not quote.
        """
        shortlist = self._shortlists.of(
            asked, await self._platform.view(), await self._standings.view()
        )
        race = Race(
            lambda lp: self._start(shortlist.contenders[lp], asked),
            accept=accept,
            at_fault=NO_OFFER,
            reason=_reason,
        )
        try:
            won = await race.run(shortlist.steps, deadline_ms=self._deadline_ms)
        finally:
            for said in race.said.values():
                self._observe(said, shortlist.contenders[said.lp], asked)
        if won is not None:
            return won.offer
        raise NoLiquidity(
            "no liquidity provider quotes this just now",
            refused=tuple(
                (lp, said.answer.reason)
                for lp, said in race.said.items()
                if isinstance(said.answer, LpQuoteRefused)
            ),
            left_out=shortlist.left_out,
        )

    def _start(self, contender: Contender, asked: LpQuoteRequest) -> Started:
        if not contender.probes:
            return Started(asyncio.create_task(self._answer(contender, asked)))
        # It is to report, also when the race is over: the background keeps hold of it.
        probe = self._background.start(self._probe(contender, asked))
        return Started(probe, is_ours=False, may_win=contender.may_win)

    async def _answer(self, contender: Contender, asked: LpQuoteRequest) -> Said:
        asked_at_ms = moment_ms()
        lp = contender.candidate.lp
        answer: LpQuote | LpQuoteRefused
        try:
            answer = await self._fix_side.ask(self._providers[lp], asked, contender.listing)
        except Exception as error:  # noqa: BLE001 - one adapter's defect must not stop the others
            _log.exception("asking %s for a quote failed", lp)
            answer = refusal(lp, QuoteRefusal.INVALID_RESPONSE, str(error))
        return Said(lp=lp, answer=answer, latency_ms=moment_ms() - asked_at_ms)

    async def _probe(self, contender: Contender, asked: LpQuoteRequest) -> Said:
        """Reports by itself, because nobody may be there any more when it ends."""
        lp = contender.candidate.lp
        try:
            claimed = await self._standings.claim_quote(lp, asked.instrument.symbol)
        except Exception:  # noqa: BLE001 - then it stays on probation, and the others are asked
            _log.exception("claiming the probe of %s failed", lp)
            claimed = False
        if not claimed:
            answer = refusal(lp, QuoteRefusal.UNAVAILABLE, "another caller is trying it just now")
            return Said(lp=lp, answer=answer, latency_ms=0)
        said = await self._answer(contender, asked)
        self._report(said, asked)
        return said

    def _observe(self, said: Said, contender: Contender, asked: LpQuoteRequest) -> None:
        """Of whom was overtaken before it was slow, nothing is known."""
        if contender.probes or (said.cut_off and said.latency_ms < contender.slow_ms):
            return
        self._report(said, asked)

    def _report(self, said: Said, asked: LpQuoteRequest) -> None:
        self._standings.observe(
            quote_observed(
                said.lp,
                asked.instrument.symbol,
                said.answer,
                latency_ms=said.latency_ms,
                at=self._clock.now(),
            )
        )


def _reason(error: Exception) -> QuoteRefusal:
    if isinstance(error, PriceGuardRefused):
        _log.info("not offered: %s", for_operators(error))
        return refusal_of(error)
    return QuoteRefusal.INVALID_RESPONSE
