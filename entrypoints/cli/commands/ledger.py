from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ledger.verify_ledger import Verification, VerifyLedger
from application.ledger.verify_seals import SealVerification, VerifySeals
from application.ports.verification import AccountTotal, Finding
from domain.assets.catalog import Catalog
from domain.ledger.account_name import book_name
from domain.shared.ids import IdPrefix, TenantId, encode_id
from domain.shared.money import AssetCode
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import books, orders
from entrypoints.cli.books import amount
from entrypoints.cli.commands.ledger_export import export
from entrypoints.cli.commands.ledger_periods import close_period, periods
from entrypoints.cli.commands.ledger_prove import prove
from entrypoints.cli.commands.ledger_reverse import reverse
from entrypoints.cli.commands.ledger_seal import seal
from entrypoints.cli.commands.ledger_show import show
from entrypoints.cli.commands.ledger_trial_balance import show_trial_balance
from entrypoints.cli.commands.ledger_verify import seals_as_json, seals_in_a_line
from entrypoints.cli.operator import TENANT, run
from entrypoints.cli.output import console, json_option, print_json, print_rows

BALANCE_COLUMNS: Final = ("tenant", "account", "owner", "asset", "posted", "held", "available")


@click.group()
def ledger() -> None:
    """Check the books against themselves, and read them."""


ledger.add_command(show)
ledger.add_command(export)
ledger.add_command(show_trial_balance)
ledger.add_command(seal)
ledger.add_command(prove)
ledger.add_command(reverse)
ledger.add_command(close_period)
ledger.add_command(periods)


@ledger.command()
@click.option("--full", is_flag=True, help="Read everything again, also what was verified before.")
@json_option
def verify(full: bool, as_json: bool) -> None:
    """Derive everything stored from the journal again, and check seals. Exits 1 on a difference.

    Reads what was booked since it last found nothing, and remembers how far that is;
    docs/ledger/verification.md tells what it does not read then. What to do about a difference:
    docs/runbooks/ledger-verification-failed.md.
    """

    async def work(container: AsyncContainer) -> tuple[Verification, SealVerification, Catalog]:
        result = await (await container.get(VerifyLedger)).execute(full=full)
        seals = await (await container.get(VerifySeals)).execute(full=full)
        return result, seals, await orders.catalog(container)

    result, seals, assets = run(work)
    passed = result.passed and seals.passed
    findings = [_finding(each) for each in (*result.findings, *seals.findings)]
    sums = _sums(result, assets)
    if as_json:
        print_json(
            {
                "passed": passed,
                "accounts": result.accounts,
                "entries": result.entries,
                "entries_read": result.entries_read,
                "open_mirrors": result.open_mirrors,
                "seals": seals_as_json(seals),
                "assets": sums,
                "findings": findings,
            }
        )
    else:
        print_rows(sums, ("asset", "debits", "credits", "difference"), as_json=False)
        if findings:
            print_rows(findings, ("check", "tenant", "subject", "detail"), as_json=False)
        verdict = "[green]verified[/]" if passed else "[red]FAILED[/]"
        console().print(
            f"{verdict}: {result.accounts} accounts, {result.entries} entries, "
            f"{result.entries_read} of them read, "
            f"{result.open_mirrors} mirrors on their way, {len(findings)} findings"
        )
        console().print(seals_in_a_line(seals))
    if not passed:
        raise click.exceptions.Exit(1)


@ledger.command()
@click.option("--tenant", type=TENANT, help="Only this tenant's accounts.")
@click.option("--asset", help="Only accounts in this asset.")
@click.option("--house", is_flag=True, help="Only the house's accounts.")
@json_option
def balances(tenant: TenantId | None, asset: str | None, house: bool, as_json: bool) -> None:
    """Every account with what its entries add up to."""
    wanted = HOUSE_TENANT_ID if house else tenant
    totals, assets = run(lambda container: books.totals(container, wanted))
    rows = [_balance(total, assets) for total in totals if asset in (None, total.account.asset)]
    print_rows(rows, BALANCE_COLUMNS, as_json=as_json, nothing="no such accounts")


def _balance(total: AccountTotal, assets: Catalog) -> Mapping[str, object]:
    account = total.account
    posted = (total.credits - total.debits) * account.type.normal_sign
    strict = account.strict
    return {
        "id": encode_id(IdPrefix.ACCOUNT, account.id),
        "tenant": book_name(total.tenant_id),
        "account": account.key.code.value,
        "type": account.type.value,
        "owner": account.key.owner,
        "asset": account.asset,
        "posted": amount(assets, account.asset, posted),
        "held": amount(assets, account.asset, total.active_holds) if strict else None,
        "available": (
            amount(assets, account.asset, posted - total.active_holds) if strict else None
        ),
        "entries": total.entries,
    }


def _sums(result: Verification, assets: Catalog) -> list[Mapping[str, object]]:
    """Over all books: what every asset's debits and credits come to."""
    sums: defaultdict[AssetCode, list[int]] = defaultdict(lambda: [0, 0])
    for line in result.lines:
        sums[line.asset][0] += line.debits
        sums[line.asset][1] += line.credits
    return [
        {
            "asset": asset,
            "debits": amount(assets, asset, debits),
            "credits": amount(assets, asset, credited),
            "difference": amount(assets, asset, credited - debits),
        }
        for asset, (debits, credited) in sorted(sums.items())
    ]


def _finding(finding: Finding) -> Mapping[str, object]:
    return {
        "check": finding.check,
        "tenant": book_name(finding.tenant_id),
        "subject": finding.subject,
        "detail": finding.detail,
    }
