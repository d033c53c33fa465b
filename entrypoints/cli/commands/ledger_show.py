from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.ledger import PostedEntry, PostedTransaction
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.assets.catalog import Catalog
from domain.ledger.account_name import book_name
from domain.shared.errors import NotFound
from domain.shared.ids import (
    IdInvalid,
    IdPrefix,
    TenantId,
    TransactionId,
    decode_id,
    encode_id,
)
from domain.shared.money import format_units
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli import orders
from entrypoints.cli.operator import partners, run
from entrypoints.cli.output import console, json_option, print_json, print_rows

HEADING: Final = ("type", "id", "reference", "tenant", "booked_at")
COLUMNS: Final = ("account", "owner", "asset", "debit", "credit")


@click.command()
@click.argument("reference")
@json_option
def show(reference: str, as_json: bool) -> None:
    """One transaction (txn_…), or all about one object (ord_…, trf_…, dep_…, or any reference).

    A trade or a deposit is in the tenant's book and, mirrored, in the house's. Exits 1 when nothing
    was posted.
    """
    find = _finder(reference)

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        assets = await orders.catalog(container)
        found: list[Mapping[str, object]] = []
        for tenant_id in (*[each.tenant.id for each in await partners(container)], HOUSE_TENANT_ID):
            async with uow.begin(tenant_id) as tx:
                found += [await _shown(tx, tenant_id, each, assets) for each in await find(tx)]
        return found

    found = run(work)
    if as_json:
        print_json({"data": found})
    else:
        for each in found:
            heading = "  ".join(
                str(each[name]) for name in ("type", "id", "reference", "tenant", "booked_at")
            )
            console().print(heading, style="bold", soft_wrap=True)
            entries = each["entries"]
            if isinstance(entries, list):
                print_rows(entries, COLUMNS, as_json=False)
            console().print()
    if not found:
        raise click.ClickException(_nothing(reference))


def _finder(reference: str) -> Callable[[Transaction], Awaitable[tuple[PostedTransaction, ...]]]:
    """Raises `IdInvalid` for a transaction's id that is none."""
    if not reference.startswith(f"{IdPrefix.TRANSACTION}_"):
        return lambda tx: tx.journal.of_reference(reference)
    transaction_id = TransactionId(decode_id(IdPrefix.TRANSACTION, reference))

    async def find(tx: Transaction) -> tuple[PostedTransaction, ...]:
        try:
            return (await tx.journal.transaction(transaction_id),)
        except NotFound:
            return ()

    return find


def _nothing(reference: str) -> str:
    prefix, separator, _ = reference.partition("_")
    if prefix == IdPrefix.TRANSACTION:
        return f"no book has a transaction {reference}"
    if separator and prefix in [*IdPrefix]:
        try:
            decode_id(prefix, reference)
        except IdInvalid:
            return f"nothing was posted about {reference}, which is no id: it has a misprint"
    return f"nothing was posted about {reference}"


async def _shown(
    tx: Transaction, tenant_id: TenantId, posted: PostedTransaction, assets: Catalog
) -> Mapping[str, object]:
    transaction = posted.transaction
    mirror = transaction.mirror_of
    return {
        "id": encode_id(IdPrefix.TRANSACTION, transaction.id),
        "tenant": book_name(tenant_id),
        "type": transaction.template,
        "reference": transaction.reference,
        "reverses": (
            None
            if transaction.reverses is None
            else encode_id(IdPrefix.TRANSACTION, transaction.reverses)
        ),
        "mirror_of": (
            None if mirror is None else encode_id(IdPrefix.TRANSACTION, mirror.transaction_id)
        ),
        "booked_at": posted.booked_at,
        "effective_on": transaction.effective_on,
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
