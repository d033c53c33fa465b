"""What the sandbox's prices are judged by, set by its two operators as two people would."""

from datetime import datetime, timedelta
from typing import Final

from dishka import AsyncContainer

from application.liquidity.change_price_terms import ChangePriceTerms
from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.price_terms import Terms
from application.tenants.authenticate import Authenticate, operator_of
from domain.liquidity.reference import RateSheet
from domain.tenants.operator import Operator
from entrypoints.cli.sandbox.samples import LIMITS, SHEET_AGE_MAX
from entrypoints.simulator.market import Market

# The simulated market has hardly moved by then.
RENEWED_AFTER: Final = timedelta(hours=1)
REASON: Final = "sandbox"


async def set_price_terms(container: AsyncContainer, keys: list[str], *, market: Market) -> None:
    """`keys` are those of two operators. Leaves alone what an earlier start has set lately."""
    authenticate: Authenticate = await container.get(Authenticate)
    maker, checker = [operator_of(await authenticate.execute(key)) for key in keys]
    platform: Platform = await container.get(Platform)
    clock: Clock = await container.get(Clock)
    guard, now = (await platform.view()).guard, clock.now()
    change: ChangePriceTerms = await container.get(ChangePriceTerms)
    for symbol, limits in LIMITS.items():
        if symbol not in guard.limits:
            await _approved(change, symbol, limits, maker=maker, checker=checker)
        sheet = guard.sheets.get(symbol)
        if sheet is None or now - sheet.observed_at > RENEWED_AFTER:
            told = _sheet(market, symbol, now)
            await _approved(change, symbol, told, maker=maker, checker=checker)


async def _approved(
    change: ChangePriceTerms, symbol: str, terms: Terms, *, maker: Operator, checker: Operator
) -> None:
    proposed = await change.propose(symbol, terms, reason=REASON, by=maker)
    await change.approve(proposed.id, by=checker)


def _sheet(market: Market, symbol: str, now: datetime) -> RateSheet:
    """What the seeded market stands at."""
    at_ms = int(now.timestamp() * 1_000)
    book = market.book(market.instrument(symbol), at_ms)
    return RateSheet(bid=book.bid, ask=book.ask, age_max=SHEET_AGE_MAX)
