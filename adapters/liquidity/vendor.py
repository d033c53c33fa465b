"""What the clients of all vendors do alike; each adds what its vendor's calls are."""

from abc import ABC, abstractmethod
from typing import Protocol

from adapters.liquidity.channel import Channel
from adapters.liquidity.settings import VendorSettings
from application.ports.clock import Clock
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities
from domain.liquidity.outcome import ExecutionKey, LpExecute, NotAsked, NotSeen, Outcome
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, LpQuoteRequest


class Quotes(Protocol):
    """The half of an adapter that asks for prices."""

    @abstractmethod
    async def request(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused: ...

    @abstractmethod
    async def close(self) -> None: ...


class Learner(Protocol):
    """Whoever tells base from quote in the vendor's records, by the instruments it was shown."""

    @abstractmethod
    def learn(self, instrument: Instrument) -> None: ...


class VendorClient(ABC):
    """An execution is looked for in its record, and its absence only once that can be final."""

    def __init__(
        self,
        settings: VendorSettings,
        capabilities: Capabilities,
        *,
        channel: Channel,
        quotes: Quotes,
        clock: Clock,
        learner: Learner | None = None,
    ) -> None:
        self._channel = channel
        self._clock = clock
        self._capabilities = capabilities
        self._quotes = quotes
        self._common = settings
        self._learner = learner

    @property
    def name(self) -> LpName:
        return self._common.lp

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        if self._learner is not None:
            self._learner.learn(request.instrument)
        return await self._quotes.request(request)

    async def get_execution(self, key: ExecutionKey) -> Outcome | NotSeen:
        if self._learner is not None:
            self._learner.learn(key.instrument)
        if (why := self._channel.why_not_looked_up()) is not None:
            return NotAsked(cause=f"lookup not sent: {why}")
        asked_at = self._clock.now()
        seen = await self._recorded(key)
        if seen is not None:
            return seen
        if asked_at <= key.lp_expires_at + self._common.absence_margin:
            return NotSeen(authoritative=False, detail="no record of it, but it may still appear")
        return await self._in_history(key)

    async def close(self) -> None:
        await self._quotes.close()
        await self._channel.close()

    @abstractmethod
    async def _recorded(self, key: ExecutionKey) -> Outcome | None:
        """None where the vendor says that it knows of none; `Unknown` where it does not say."""

    @abstractmethod
    async def _in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        """By the second witness, asked late enough for an absence to be final."""

    def _read_ms(self, request: LpExecute) -> int | None:
        """For one look within the request that executes; None when its time is up."""
        left_ms = self._channel.left_ms(request)
        return min(self._common.lookup_timeout_ms, left_ms) if left_ms > 0 else None
