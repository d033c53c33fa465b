"""Which LP makes the price of a quote. Asking commits nobody, so that several may be asked."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from application.background import Background
from application.errors import NoLiquidity
from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from application.ports.standing import Standings
from application.quotes.fix_side import FixSide
from application.quotes.race import Race, Runner, Said, moment_ms, refusal
from domain.liquidity.listing import ANYTHING, Listings, beyond
from domain.liquidity.observation import quote_observed
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.liquidity.routing import Candidate, LeftOut, RoutingPolicy, hedge_ms, plan
from domain.liquidity.standing import StandingsView
from domain.quotes.pricing import LpQuoteMismatch, LpQuoteTooShort
from domain.shared.price import PriceInvalid

T = TypeVar("T")

# For all LPs together. A customer who waits longer has gone, and the first LP's price with them.
QUOTE_DEADLINE_MS: Final = 5_000
# Quotes that no offer can be made of: another trade, too short, or a price beyond all reason.
LP_AT_FAULT: Final = (LpQuoteMismatch, LpQuoteTooShort, PriceInvalid)

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
        self._standings = standings
        self._listings = listings
        self._background = background
        self._clock = clock
        self._deadline_ms = deadline_ms
        self._fix_side = FixSide()

    async def ask(self, asked: LpQuoteRequest, *, accept: Callable[[LpQuote], Awaitable[T]]) -> T:
        """What `accept` makes of the quote that wins; it raises one of `LP_AT_FAULT` for a quote
        that no offer can be made of.

        Raises `NoLiquidity`, which names the LPs and why they do not quote.
        """
        view = await self._platform.view()
        standings = await self._standings.view()
        policy = view.routing_of(asked.instrument.symbol)
        candidates: list[Candidate] = []
        left_out: list[tuple[LpName, LeftOut]] = []
        for lp in () if policy is None else policy.lps:
            judged = self._judge(lp, asked, standings)
            if isinstance(judged, LeftOut):
                left_out.append((lp, judged))
            else:
                candidates.append(judged)
        if policy is None or not candidates:
            raise NoLiquidity(
                "no liquidity provider may be asked just now", refused=(), left_out=tuple(left_out)
            )
        race = Race(
            {each.lp: self._runner(each, asked, standings) for each in candidates},
            accept=accept,
            at_fault=LP_AT_FAULT,
            background=self._background,
        )
        steps = plan(policy, tuple(candidates), one_by_one=asked.scenario is not None)
        try:
            won = await race.run(steps, deadline_ms=self._deadline_ms)
        finally:
            self._observe(race.said, policy, candidates, asked)
        if won is not None:
            return won.offer
        raise NoLiquidity(
            "no liquidity provider quotes this just now",
            refused=tuple(
                (lp, said.answer.reason)
                for lp, said in race.said.items()
                if isinstance(said.answer, LpQuoteRefused)
            ),
            left_out=tuple(left_out),
        )

    def _judge(
        self, lp: LpName, asked: LpQuoteRequest, standings: StandingsView
    ) -> Candidate | LeftOut:
        if lp not in self._providers:
            return LeftOut.NOT_CONFIGURED
        symbol = asked.instrument.symbol
        if (why := beyond(self._listings.find(lp, symbol), asked)) is not None:
            return why
        standing = standings.of(lp, symbol)
        if not (standing.may_quote or standing.probe):
            return LeftOut.BAD_STANDING
        return Candidate(
            lp=lp,
            degraded=standing.degraded,
            probe=not standing.may_quote,
            proven=standing.claim_execution,
            latency_ms=standing.latency_ms,
        )

    def _runner(
        self, candidate: Candidate, asked: LpQuoteRequest, standings: StandingsView
    ) -> Runner:
        lp = candidate.lp
        if not candidate.probe:
            return Runner(ask=lambda: self._answer(lp, asked))
        may_win = standings.of(lp, asked.instrument.symbol).may_execute
        return Runner(ask=lambda: self._probe(lp, asked), may_win=may_win, probes=True)

    async def _answer(self, lp: LpName, asked: LpQuoteRequest) -> Said:
        asked_at_ms = moment_ms()
        listing = self._listings.find(lp, asked.instrument.symbol) or ANYTHING
        answer: LpQuote | LpQuoteRefused
        try:
            answer = await self._fix_side.ask(self._providers[lp], asked, listing)
        except Exception as error:  # noqa: BLE001 - one adapter's defect must not stop the others
            _log.exception("asking %s for a quote failed", lp)
            answer = refusal(lp, QuoteRefusal.INVALID_RESPONSE, str(error))
        return Said(lp=lp, answer=answer, latency_ms=moment_ms() - asked_at_ms)

    async def _probe(self, lp: LpName, asked: LpQuoteRequest) -> Said:
        """Reports by itself, because nobody may be there any more when it ends."""
        try:
            claimed = await self._standings.claim_quote(lp, asked.instrument.symbol)
        except Exception:  # noqa: BLE001 - then it stays on probation, and the others are asked
            _log.exception("claiming the probe of %s failed", lp)
            claimed = False
        if not claimed:
            answer = refusal(lp, QuoteRefusal.UNAVAILABLE, "another caller is trying it just now")
            return Said(lp=lp, answer=answer, latency_ms=0)
        said = await self._answer(lp, asked)
        self._report(said, asked)
        return said

    def _observe(
        self,
        said: Mapping[LpName, Said],
        policy: RoutingPolicy,
        candidates: list[Candidate],
        asked: LpQuoteRequest,
    ) -> None:
        """Of whom was overtaken before it was slow, nothing is known."""
        for candidate in candidates:
            heard = said.get(candidate.lp)
            if heard is None or candidate.probe:
                continue
            if not heard.cut_off or heard.latency_ms >= hedge_ms(policy, candidate):
                self._report(heard, asked)

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
