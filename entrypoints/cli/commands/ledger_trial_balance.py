from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import click

from application.ledger.verify_ledger import TrialBalanceLine, trial_balance
from domain.assets.catalog import Catalog
from domain.ledger.account_name import book_name
from domain.shared.ids import TenantId
from domain.shared.money import AssetCode
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import books
from entrypoints.cli.books import amount
from entrypoints.cli.operator import TENANT, run
from entrypoints.cli.output import json_option, print_json, print_rows

Place: TypeAlias = tuple[TenantId, AssetCode]

LINE_COLUMNS: Final = ("tenant", "asset", "type", "debits", "credits", "balance")
SUM_COLUMNS: Final = ("tenant", "asset", "debits", "credits", "difference")


@click.command(name="trial-balance")
@click.option("--tenant", type=TENANT, help="Only this tenant's books.")
@click.option("--house", is_flag=True, help="Only the house's books.")
@click.option("--asset", help="Only this asset.")
@json_option
def show_trial_balance(
    tenant: TenantId | None, house: bool, asset: str | None, as_json: bool
) -> None:
    """Debits and credits by tenant, asset and type of account, and the zero they come to.

    A balance is positive on the side where accounts of the type grow. Exits 1 when the sums of an
    asset differ in anybody's books.
    """
    if house and tenant is not None:
        raise click.UsageError("--tenant and --house name different books")
    wanted = HOUSE_TENANT_ID if house else tenant
    totals, assets = run(lambda container: books.totals(container, wanted))
    if asset is not None:
        assets.asset(asset)
    lines = [line for line in trial_balance(totals) if asset in (None, line.asset)]
    rows = [_line(line, assets) for line in lines]
    added = _added(lines)
    sums = [_sum(place, units, assets) for place, units in added.items()]
    if as_json:
        print_json({"data": rows, "sums": sums})
    else:
        print_rows(rows, LINE_COLUMNS, as_json=False, nothing="no entries yet")
        if rows:
            click.echo()
            print_rows(sums, SUM_COLUMNS, as_json=False)
    if any(debits != credited for debits, credited in added.values()):
        raise click.exceptions.Exit(1)


def _added(lines: Iterable[TrialBalanceLine]) -> Mapping[Place, tuple[int, int]]:
    """Debits and credits of all types together."""
    sums: defaultdict[Place, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in lines:
        place = (line.tenant_id, line.asset)
        debits, credited = sums[place]
        sums[place] = (debits + line.debits, credited + line.credits)
    return sums


def _line(line: TrialBalanceLine, assets: Catalog) -> Mapping[str, object]:
    balance = (line.credits - line.debits) * line.type.normal_sign
    return {
        "tenant": book_name(line.tenant_id),
        "asset": line.asset,
        "type": line.type.value,
        "debits": amount(assets, line.asset, line.debits),
        "credits": amount(assets, line.asset, line.credits),
        "balance": amount(assets, line.asset, balance),
    }


def _sum(place: Place, units: tuple[int, int], assets: Catalog) -> Mapping[str, object]:
    (tenant_id, asset), (debits, credited) = place, units
    return {
        "tenant": book_name(tenant_id),
        "asset": asset,
        "debits": amount(assets, asset, debits),
        "credits": amount(assets, asset, credited),
        "difference": amount(assets, asset, credited - debits),
    }
