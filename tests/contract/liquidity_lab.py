"""A provider and its vendor as the contract of LPs sees them, and what is done with both."""

from abc import abstractmethod
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, Protocol
from uuid import UUID

from application.ports.liquidity import LiquidityProvider
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    ExecutionKey,
    Filled,
    LpExecute,
    NotSeen,
    Outcome,
    Pending,
)
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest, QuoteRefusal
from domain.shared.ids import OrderId
from domain.shared.side import FixedSide, Side

MARGIN: Final = timedelta(seconds=60)
TENTH_OF_A_COIN: Final = 10_000_000
THOUSAND_DOLLARS: Final = 1_000 * 10**8
LOOKS_MAX: Final = 3
# One part in so many, where a provider improves on its quotes.
IMPROVES_MAX: Final = 10_000


class Lab(Protocol):
    """A provider and the vendor behind it, on one clock. Assets have 8 decimals on both sides."""

    @property
    @abstractmethod
    def provider(self) -> LiquidityProvider: ...

    @property
    @abstractmethod
    def instrument(self) -> Instrument: ...

    @property
    @abstractmethod
    def lookup_attempts(self) -> int:
        """How often the provider asks before it gives a lookup up."""
        ...

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    def advance(self, duration: timedelta) -> None: ...

    @abstractmethod
    async def arm(self, fault: str, **params: int) -> None: ...

    @abstractmethod
    async def executions(self) -> int: ...

    @abstractmethod
    def shows(self, fault: str) -> bool:
        """Whether the fault can happen on the wire of this vendor."""
        ...


def request_for(
    lab: Lab,
    side: Side = Side.BUY,
    fixed: FixedSide | None = None,
    units: int | None = None,
    scenario: str | None = None,
) -> LpQuoteRequest:
    """Unless told otherwise, for an exact amount on the first side the provider can fix."""
    if fixed is None:
        fixed = next(each for each in FixedSide if lab.provider.capabilities.fixes(side, each))
    if units is None:
        units = TENTH_OF_A_COIN if fixed is FixedSide.BASE else THOUSAND_DOLLARS
    return LpQuoteRequest(
        instrument=lab.instrument, side=side, fixed=fixed, units=units, scenario=scenario
    )


async def quoted(
    lab: Lab,
    side: Side = Side.BUY,
    fixed: FixedSide | None = None,
    units: int | None = None,
    scenario: str | None = None,
) -> LpQuote:
    quote = await lab.provider.request_quote(request_for(lab, side, fixed, units, scenario))
    assert isinstance(quote, LpQuote), quote
    return quote


async def refusal(lab: Lab, request: LpQuoteRequest) -> QuoteRefusal:
    refused = await lab.provider.request_quote(request)
    assert isinstance(refused, LpQuoteRefused), refused
    assert refused.lp == lab.provider.name
    return refused.reason


def ref_of(quote: LpQuote) -> str:
    """One for each quote, as an order is for one quote."""
    return f"ord_{blake2b(quote.lp_quote_id.encode(), digest_size=8).hexdigest()}"


async def executed(
    lab: Lab, quote: LpQuote, *, within: timedelta = timedelta(seconds=5)
) -> Outcome:
    return await lab.provider.execute_quote(
        LpExecute(
            order_id=OrderId(UUID(int=1)),
            lp_quote_id=quote.lp_quote_id,
            client_ref=ref_of(quote),
            instrument=lab.instrument,
            side=quote.side,
            base_units=quote.base_units,
            quote_units=quote.quote_units,
            lp_expires_at=quote.expires_at,
            deadline=lab.now() + within,
        )
    )


def key_of(lab: Lab, quote: LpQuote) -> ExecutionKey:
    return ExecutionKey(
        lp_quote_id=quote.lp_quote_id,
        client_ref=ref_of(quote),
        sent_at=quote.received_at,
        lp_expires_at=quote.expires_at,
        instrument=lab.instrument,
        side=quote.side,
    )


async def filled_as(lab: Lab, quote: LpQuote) -> str:
    outcome = await finished(lab, quote)
    assert isinstance(outcome, Filled), outcome
    return outcome.lp_execution_id


async def looked_up(lab: Lab, quote: LpQuote) -> Outcome | NotSeen:
    return await lab.provider.get_execution(key_of(lab, quote))


def as_quoted(lab: Lab, outcome: Outcome | NotSeen, quote: LpQuote) -> bool:
    """Exactly, or a little better where the provider may execute at better than it quoted."""
    if not isinstance(outcome, Filled):
        return False
    more_base = outcome.base_units - quote.base_units
    more_quote = outcome.quote_units - quote.quote_units
    if not lab.provider.capabilities.improves:
        return more_base == more_quote == 0
    if quote.side is Side.SELL:
        return more_base == 0 and 0 <= more_quote * IMPROVES_MAX <= quote.quote_units
    return 0 <= more_base * IMPROVES_MAX <= quote.base_units and (
        0 >= more_quote * IMPROVES_MAX >= -quote.quote_units
    )


async def finished(lab: Lab, quote: LpQuote) -> Outcome | NotSeen:
    """Executed, and looked up for as long as an asynchronous provider has not decided."""
    outcome: Outcome | NotSeen = await executed(lab, quote)
    for _ in range(LOOKS_MAX):
        if not isinstance(outcome, Pending):
            break
        assert lab.provider.capabilities.asynchronous
        outcome = await looked_up(lab, quote)
    return outcome


def let_absence_become_final(lab: Lab, quote: LpQuote) -> None:
    lab.advance(quote.expires_at + MARGIN - lab.now() + timedelta(milliseconds=1))
