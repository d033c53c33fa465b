from collections.abc import Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.ledger import PostedEntry, PostedTransaction
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.assets.catalog import Catalog
from domain.shared.ids import IdPrefix, TenantId, encode_id
from domain.shared.money import format_units
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import orders
from entrypoints.cli.operator import partners, run
from entrypoints.cli.output import console, json_option, print_json, print_rows

COLUMNS: Final = ("account", "owner", "asset", "debit", "credit")


@click.command()
@click.argument("reference")
@json_option
def show(reference: str, as_json: bool) -> None:
    """What was posted about one object (ord_…, trf_…, dep_…), in every book that names it.

    A trade or a deposit is in the tenant's book and, mirrored, in the house's. Exits 1 when nothing
    was posted.
    """

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        assets = await orders.catalog(container)
        found: list[Mapping[str, object]] = []
        for tenant_id in (*[each.tenant.id for each in await partners(container)], HOUSE_TENANT_ID):
            async with uow.begin(tenant_id) as tx:
                posted = await tx.journal.of_reference(reference)
                found += [await _shown(tx, tenant_id, each, assets) for each in posted]
        return found

    found = run(work)
    if as_json:
        print_json({"data": found})
    else:
        for each in found:
            heading = "  ".join(str(each[name]) for name in ("type", "id", "tenant", "booked_at"))
            console().print(heading, style="bold", soft_wrap=True)
            entries = each["entries"]
            if isinstance(entries, list):
                print_rows(entries, COLUMNS, as_json=False)
            console().print()
    if not found:
        raise click.ClickException(f"nothing was posted about {reference}")


async def _shown(
    tx: Transaction, tenant_id: TenantId, posted: PostedTransaction, assets: Catalog
) -> Mapping[str, object]:
    transaction = posted.transaction
    mirror = transaction.mirror_of
    return {
        "id": encode_id(IdPrefix.TRANSACTION, transaction.id),
        "tenant": (
            "house" if tenant_id == HOUSE_TENANT_ID else encode_id(IdPrefix.TENANT, tenant_id)
        ),
        "type": transaction.template,
        "reference": transaction.reference,
        "mirror_of": (
            None if mirror is None else encode_id(IdPrefix.TRANSACTION, mirror.transaction_id)
        ),
        "booked_at": posted.booked_at,
        "entries": [await _entry(tx, entry, assets) for entry in posted.entries],
    }


async def _entry(tx: Transaction, entry: PostedEntry, assets: Catalog) -> Mapping[str, object]:
    key = (await tx.accounts.get(entry.account_id)).account.key
    amount = format_units(abs(entry.units), scale=assets.asset(entry.asset).scale)
    return {
        "account": key.code.value,
        "owner": key.owner,
        "asset": entry.asset,
        "debit": amount if entry.units < 0 else None,
        "credit": amount if entry.units > 0 else None,
    }
