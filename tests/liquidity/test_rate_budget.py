"""Our own allowance at a vendor: quotes stop before it does, executions and lookups go on."""

from datetime import timedelta
from typing import Final

from domain.liquidity.observation import Result, lookup_observed
from domain.liquidity.outcome import ExecutionKey, NotSeen
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.side import FixedSide, Side
from tests.liquidity.instruments import BTC_ZAR
from tests.liquidity.luno.lab import running_lab

# Markets and fee are loaded once, with the first quote.
LOADED: Final = 2
QUOTES: Final = 3
TOKENS: Final = 8
BUDGET: Final = {
    "tokens": TOKENS,
    "per_ms": 60_000,
    "reserve_ppm": (TOKENS - LOADED - QUOTES) * 1_000_000 // TOKENS,
}


async def test_quotes_end_before_the_allowance_and_lookups_still_go() -> None:
    async with running_lab(rate_budget=BUDGET) as lab:
        request = LpQuoteRequest(
            instrument=BTC_ZAR, side=Side.BUY, fixed=FixedSide.BASE, units=10**6
        )
        answers = [await lab.provider.request_quote(request) for _ in range(QUOTES + 1)]

        quotes = [each for each in answers if isinstance(each, LpQuote)]
        (refused,) = [each for each in answers if isinstance(each, LpQuoteRefused)]
        assert (len(quotes), refused.reason) == (QUOTES, QuoteRefusal.RATE_LIMITED)
        assert "not asked" in refused.detail
        key = ExecutionKey(
            lp_quote_id=quotes[-1].lp_quote_id,
            client_ref="a-1",
            instrument=BTC_ZAR,
            side=Side.BUY,
            lp_expires_at=quotes[-1].expires_at,
            sent_at=lab.now(),
        )
        assert isinstance(await lab.provider.get_execution(key), NotSeen)

        seen = [await lab.provider.get_execution(key) for _ in range(TOKENS)]
        unsent = lookup_observed(lab.provider.name, "BTC-ZAR", seen[-1], latency_ms=0, at=lab.now())
        assert unsent.result is Result.NEUTRAL, "what we keep from asking is no failure of the LP"

        lab.advance(timedelta(seconds=70))
        assert isinstance(await lab.provider.request_quote(request), LpQuote)
