from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ledger.verify_ledger import Verification, VerifyLedger, trial_balance
from application.ports.verification import AccountTotal, Finding, LedgerAudit
from domain.assets.catalog import Catalog
from domain.shared.ids import IdPrefix, TenantId, encode_id
from domain.shared.money import AssetCode, format_units
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import orders
from entrypoints.cli.commands.ledger_export import export
from entrypoints.cli.commands.ledger_show import show
from entrypoints.cli.operator import TENANT, run
from entrypoints.cli.output import console, json_option, print_json, print_rows

TENANT_COLUMNS: Final = ("tenant", "asset", "type", "debits", "credits")
BALANCE_COLUMNS: Final = ("tenant", "account", "owner", "asset", "posted", "held", "available")


@click.group()
def ledger() -> None:
    """Check the books against themselves, and read them."""


ledger.add_command(show)
ledger.add_command(export)


@ledger.command()
@json_option
def verify(as_json: bool) -> None:
    """Derive everything again from the journal. Exits 1 when anything disagrees.

    What to do then: docs/runbooks/ledger-verification-failed.md.
    """

    async def work(container: AsyncContainer) -> tuple[Verification, Catalog]:
        result = await (await container.get(VerifyLedger)).execute()
        return result, await orders.catalog(container)

    result, assets = run(work)
    findings = [_finding(each) for each in result.findings]
    sums = _sums(result, assets)
    if as_json:
        print_json(
            {
                "passed": result.passed,
                "accounts": result.accounts,
                "entries": result.entries,
                "open_mirrors": result.open_mirrors,
                "assets": sums,
                "findings": findings,
            }
        )
    else:
        print_rows(sums, ("asset", "debits", "credits", "difference"), as_json=False)
        if findings:
            print_rows(findings, ("check", "tenant", "subject", "detail"), as_json=False)
        verdict = "[green]verified[/]" if result.passed else "[red]FAILED[/]"
        console().print(
            f"{verdict}: {result.accounts} accounts, {result.entries} entries, "
            f"{result.open_mirrors} mirrors on their way, {len(findings)} findings"
        )
    if not result.passed:
        raise click.exceptions.Exit(1)


@ledger.command(name="trial-balance")
@click.option("--tenant", type=TENANT, help="Only this tenant's books.")
@json_option
def show_trial_balance(tenant: TenantId | None, as_json: bool) -> None:
    """Debits and credits by tenant, asset and type of account."""
    totals, assets = run(_totals)
    rows = [
        {
            "tenant": _tenant(line.tenant_id),
            "asset": line.asset,
            "type": line.type.value,
            "debits": _amount(assets, line.asset, line.debits),
            "credits": _amount(assets, line.asset, line.credits),
        }
        for line in trial_balance(totals)
        if tenant in (None, line.tenant_id)
    ]
    print_rows(rows, TENANT_COLUMNS, as_json=as_json, nothing="no entries yet")


@ledger.command()
@click.option("--tenant", type=TENANT, help="Only this tenant's accounts.")
@click.option("--asset", help="Only accounts in this asset.")
@click.option("--house", is_flag=True, help="Only the house's accounts.")
@json_option
def balances(tenant: TenantId | None, asset: str | None, house: bool, as_json: bool) -> None:
    """Every account with what its entries add up to."""
    wanted = HOUSE_TENANT_ID if house else tenant
    totals, assets = run(_totals)
    rows = [
        _balance(total, assets)
        for total in totals
        if wanted in (None, total.tenant_id) and asset in (None, total.account.asset)
    ]
    print_rows(rows, BALANCE_COLUMNS, as_json=as_json, nothing="no such accounts")


async def _totals(container: AsyncContainer) -> tuple[list[AccountTotal], Catalog]:
    audit: LedgerAudit = await container.get(LedgerAudit)
    return [total async for total in audit.account_totals()], await orders.catalog(container)


def _balance(total: AccountTotal, assets: Catalog) -> Mapping[str, object]:
    account = total.account
    posted = (total.credits - total.debits) * account.type.normal_sign
    strict = account.strict
    return {
        "id": encode_id(IdPrefix.ACCOUNT, account.id),
        "tenant": _tenant(total.tenant_id),
        "account": account.key.code.value,
        "type": account.type.value,
        "owner": account.key.owner,
        "asset": account.asset,
        "posted": _amount(assets, account.asset, posted),
        "held": _amount(assets, account.asset, total.active_holds) if strict else None,
        "available": (
            _amount(assets, account.asset, posted - total.active_holds) if strict else None
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
            "debits": _amount(assets, asset, debits),
            "credits": _amount(assets, asset, credited),
            "difference": _amount(assets, asset, credited - debits),
        }
        for asset, (debits, credited) in sorted(sums.items())
    ]


def _finding(finding: Finding) -> Mapping[str, object]:
    return {
        "check": finding.check,
        "tenant": _tenant(finding.tenant_id),
        "subject": finding.subject,
        "detail": finding.detail,
    }


def _tenant(tenant_id: TenantId) -> str:
    return "house" if tenant_id == HOUSE_TENANT_ID else encode_id(IdPrefix.TENANT, tenant_id)


def _amount(assets: Catalog, asset: str, units: int) -> str:
    return format_units(units, scale=assets.asset(asset).scale)
