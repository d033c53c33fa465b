"""What executions and lookups say about an LP, seen where they are sent and nowhere else."""

from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from application.ports.standing import Standings
from domain.liquidity.capabilities import Capabilities
from domain.liquidity.observation import execution_observed, lookup_observed
from domain.liquidity.outcome import (
    ExecutionKey,
    Filled,
    LpExecute,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Rejected,
)
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest

MILLISECOND: Final = timedelta(milliseconds=1)


class ObservedProvider:
    """Passes all through. Quotes are observed by whoever asks for them, because only there it is
    known whether an offer can be made of one.
    """

    def __init__(self, provider: LiquidityProvider, standings: Standings, clock: Clock) -> None:
        self._provider = provider
        self._standings = standings
        self._clock = clock

    @property
    def name(self) -> LpName:
        return self._provider.name

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.capabilities

    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        return await self._provider.request_quote(request)

    async def execute_quote(self, request: LpExecute) -> Outcome:
        sent_at = self._clock.now()
        outcome = await self._provider.execute_quote(request)
        at = self._clock.now()
        self._standings.observe(
            execution_observed(
                self.name,
                request.instrument.symbol,
                outcome,
                latency_ms=_between(sent_at, at),
                at=at,
            )
        )
        return outcome

    async def get_execution(self, key: ExecutionKey) -> Outcome | NotSeen:
        sent_at = self._clock.now()
        seen = await self._provider.get_execution(key)
        at = self._clock.now()
        ended = isinstance(seen, Filled | Rejected)
        self._standings.observe(
            lookup_observed(
                self.name,
                key.instrument.symbol,
                seen,
                latency_ms=_between(sent_at, at),
                at=at,
                open_ms=_between(key.sent_at, at) if ended else None,
            )
        )
        return seen

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        return await self._provider.list_executions(since=since, until=until, limit=limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        return await self._provider.balances()

    async def close(self) -> None:
        await self._provider.close()


def _between(start: datetime, end: datetime) -> int:
    """Milliseconds; a clock that was set back in between took no time."""
    return max((end - start) // MILLISECOND, 0)
