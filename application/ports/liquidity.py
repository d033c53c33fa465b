"""The port to a liquidity provider.

No method raises for trouble at the vendor or on the network: what went wrong is part of the answer,
because each caller must decide differently on "not sent", "refused" and "nobody knows".
"""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.liquidity.capabilities import Capabilities
from domain.liquidity.outcome import (
    ExecutionKey,
    LpExecute,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
)
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest


class LiquidityProvider(Protocol):
    @property
    @abstractmethod
    def name(self) -> LpName: ...

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    @abstractmethod
    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        """A firm price, or why there is none. Commits nobody; safe to repeat."""
        ...

    @abstractmethod
    async def execute_quote(self, request: LpExecute) -> Outcome:
        """Sends once and never retries.

        `Rejected` when the request provably never left or the LP definitively refused; everything
        else that is not an answer is `Unknown`. Sends nothing after `request.deadline`.
        """
        ...

    @abstractmethod
    async def get_execution(self, key: ExecutionKey) -> Outcome | NotSeen:
        """What the LP's records say now, found by our own key or the LP's quote id.

        A failed lookup is `Unknown`. `NotSeen.authoritative` is True only when every witness the
        LP offers was asked after `key.lp_expires_at` and the adapter's margin.
        """
        ...

    @abstractmethod
    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        """Executions with `since` <= time < `until`, oldest first.

        On trouble the page is empty and not complete: silence is not an empty list.
        """
        ...

    @abstractmethod
    async def balances(self) -> tuple[LpHolding, ...] | None:
        """What lies with the LP at this moment. None where it does not say, and on any trouble."""
        ...

    @abstractmethod
    async def close(self) -> None:
        """Gives connections back. The provider is not usable afterwards."""
        ...
