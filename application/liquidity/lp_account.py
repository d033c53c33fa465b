"""Where a trade with an LP stands in the books, and what the LP has to have of ours for it."""

from collections.abc import Mapping
from typing import Final

from application.ports.liquidity import LiquidityProvider
from application.ports.lp_capacity import CapacityKey
from domain.ledger.chart import AccountCode
from domain.liquidity.capabilities import Settlement
from domain.liquidity.exposure import delivered
from domain.liquidity.quote import LpName, LpQuote
from domain.quotes.quote import Quote
from domain.shared.errors import NotFound
from domain.shared.money import AssetCode

_ACCOUNTS: Final = {
    Settlement.PREFUNDED: AccountCode.LP_INVENTORY,
    Settlement.POST_TRADE: AccountCode.LP_SETTLEMENT,
}


def account_of(providers: Mapping[LpName, LiquidityProvider], lp: LpName) -> AccountCode:
    """Raises `NotFound` for an LP that is not configured: its kind is not guessed."""
    provider = providers.get(lp)
    if provider is None:
        raise NotFound("no such liquidity provider is configured", lp=lp)
    return _ACCOUNTS[provider.capabilities.settlement]


def lp_needs(quote: Quote) -> tuple[CapacityKey, int]:
    """The asset that goes to the quote's LP, and its units."""
    asset, units = delivered(
        quote.side,
        quote.base_asset,
        quote.quote_asset,
        base_units=quote.lp_base_units,
        quote_units=quote.lp_quote_units,
    )
    return (quote.lp, asset), units


def lp_quote_needs(quoted: LpQuote, base: AssetCode, quote: AssetCode) -> tuple[CapacityKey, int]:
    """As above, before there is a quote of ours."""
    asset, units = delivered(
        quoted.side, base, quote, base_units=quoted.base_units, quote_units=quoted.quote_units
    )
    return (quoted.lp, asset), units
