"""All the books, added up."""

from collections import defaultdict
from decimal import Decimal
from typing import Final

from entrypoints.cli.demo.amounts import exact, minus, shown, total
from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.reports import BalanceRow, Balances, TrialBalance, VerifyReport
from entrypoints.cli.demo.stage import Stage, until

HOUSE: Final = "house"
TRADED: Final = frozenset({"BTC", "ETH", "USDT"})  # the rest is checked and not shown

Sums = defaultdict[tuple[str, str], Decimal]


async def tell(stage: Stage) -> None:
    page = stage.page
    page.chapter("The books")
    await _settled(stage)
    await _trial_balance(stage)
    await _clearing(stage)
    await _verify(stage)


async def _settled(stage: Stage) -> None:
    """Every mirror has arrived: only then do the pairs have to net to zero to the last unit."""

    async def look() -> bool | None:
        report = await stage.operator.ask("ledger", "verify", shape=VerifyReport)
        return True if report.open_mirrors == 0 else None

    await until(look, "the mirroring of all trades")


async def _trial_balance(stage: Stage) -> None:
    page = stage.page
    rows = (await stage.operator.ask("ledger", "trial-balance", shape=TrialBalance)).data
    debits: Sums = defaultdict(Decimal)
    credited: Sums = defaultdict(Decimal)
    for row in rows:
        place = (stage.tenant_name(row.tenant), row.asset)
        debits[place] = total((debits[place], row.debits))
        credited[place] = total((credited[place], row.credits))
    books = [*(each.name for each in stage.partners), HOUSE]
    assets = sorted({asset for _, asset in debits})
    page.command("aksum", "ledger", "trial-balance")
    page.table(
        ("<asset", *books),
        [(asset, *(shown(debits[book, asset]) for book in books)) for asset in assets],
    )
    page.claim(
        f"debits equal credits in every asset of each of the {len(books)} books: these sums",
        {book for book, _ in debits} == {*books} and debits == credited,
        rows,
    )
    page.space()


async def _clearing(stage: Stage) -> None:
    """What each tenant says the house keeps for it, against what the house says it owes."""
    page = stage.page
    rows = (await stage.operator.ask("ledger", "balances", shape=Balances)).data
    keeps = {(row.tenant, row.asset): row.posted for row in rows if row.account == "house_clearing"}
    owes = {_pair(row): row.posted for row in rows if row.account == "tenant_clearing"}
    page.command("aksum", "ledger", "balances")
    _clearing_table(stage, page, keeps, owes)
    page.claim(
        f"all {len(keeps)} clearing pairs net to zero",
        keeps.keys() == owes.keys()
        and all(exact(keeps[pair]) == exact(owes[pair]) for pair in keeps),
        (keeps, owes),
    )
    page.space()


def _pair(row: BalanceRow) -> tuple[str, str]:
    return row.owner or "", row.asset


def _clearing_table(
    stage: Stage,
    page: Page,
    keeps: dict[tuple[str, str], str],
    owes: dict[tuple[str, str], str],
) -> None:
    page.table(
        ("<clearing", "<", "the tenant is owed", "the house owes", "difference"),
        [
            (
                stage.tenant_name(tenant),
                asset,
                shown(kept),
                shown(owes.get((tenant, asset), "0")),
                shown(minus(kept, owes.get((tenant, asset), "0"))),
            )
            for (tenant, asset), kept in sorted(keeps.items())
            if asset in TRADED
        ],
    )


async def _verify(stage: Stage) -> None:
    page = stage.page
    report = await stage.operator.ask("ledger", "verify", shape=VerifyReport)
    page.command("aksum", "ledger", "verify")
    page.claim(
        f"verified: {report.accounts} accounts and {report.entries} entries re-derived, 0 findings",
        report.passed and not report.findings and report.open_mirrors == 0,
        report,
    )
