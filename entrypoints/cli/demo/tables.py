"""The tables that chapters show."""

from collections.abc import Iterable, Sequence

from entrypoints.cli.demo.amounts import percent, shown, total
from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.reports import Posting
from entrypoints.cli.demo.shapes import Account, Quote


def balances(page: Page, customer: str, accounts: Iterable[Account]) -> None:
    page.table(
        (f"<{customer}", "posted", "held", "available"),
        [
            (each.asset, shown(each.posted), shown(each.held), shown(each.available))
            for each in accounts
        ],
    )


def breakdown(page: Page, quote: Quote, customer: str) -> None:
    parts = quote.breakdown
    verb, sign = ("pays", "+") if quote.side == "buy" else ("receives", "-")
    spreads = (
        ("platform spread", parts.platform_spread, percent(parts.platform_spread_ppm)),
        ("tenant spread", parts.tenant_spread, percent(parts.tenant_spread_ppm)),
        ("rounding", parts.rounding, f"to the price {quote.price}"),
        ("fee", parts.fee, percent(parts.fee_ppm)),
    )
    page.table(
        (f"<{shown(quote.base_amount)} {quote.base}", parts.asset, "<"),
        [
            ("at the liquidity provider", shown(parts.lp_amount), f"price {parts.lp_price}"),
            *((f"{sign} {name}", shown(amount), note) for name, amount, note in spreads),
            (f"*= what {customer} {verb}", shown(quote.quote_amount), ""),
        ],
    )


def journal(page: Page, title: str, entries: Sequence[Posting], owners: dict[str, str]) -> None:
    """Debits and credits in columns, with each asset's sum below."""
    rows = [(_account(each, owners), each.asset, *_columns(each)) for each in entries]
    for asset in dict.fromkeys(each.asset for each in entries):
        debited = [each.debit for each in entries if each.asset == asset and each.debit]
        credited = [each.credit for each in entries if each.asset == asset and each.credit]
        rows.append(("*= sum", asset, shown(total(debited)), shown(total(credited))))
    page.table((f"<{title}", "<", "debit", "credit"), rows)


def _account(posting: Posting, owners: dict[str, str]) -> str:
    if posting.owner is None:
        return posting.account
    return f"{posting.account} · {owners.get(posting.owner, posting.owner)}"


def _columns(posting: Posting) -> tuple[str, str]:
    return (
        "" if posting.debit is None else shown(posting.debit),
        "" if posting.credit is None else shown(posting.credit),
    )
