from collections.abc import Mapping

import click
from dishka import AsyncContainer

from application.ledger.begin_epoch import BeginEpoch
from application.ledger.seal_ledger import SealLedger, SealReport
from application.ports.ledger_clock import LedgerClock
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.account_name import book_name
from domain.ledger.seal import REASON_LENGTH_MAX, Seal
from domain.shared.ids import TenantId
from domain.tenants.operator import Operator, require_second_person
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.operator import TENANT, run, run_as_worker
from entrypoints.cli.operator_key import (
    operator_with,
    optional_operator_key_option,
    second_operator_key_option,
)
from entrypoints.cli.output import json_option, print_object, print_rows
from entrypoints.wiring.seal_places import new_seal_key
from entrypoints.wiring.settings import read_settings


@click.command()
@click.option("--tenant", type=TENANT, help="Only this tenant's books.")
@click.option("--house", is_flag=True, help="Only the house's books.")
@click.option("--new-key", is_flag=True, help="Make a key first; the one before stays trusted.")
@click.option(
    "--new-epoch", is_flag=True, help="Go on behind the last block there is, after a restore."
)
@click.option("--reason", help="Why there is a new epoch; sealed for ever.")
@optional_operator_key_option
@second_operator_key_option
@json_option
def seal(
    tenant: TenantId | None,
    house: bool,
    new_key: bool,
    new_epoch: bool,
    reason: str | None,
    operator_key: str | None,
    second_operator_key: str | None,
    as_json: bool,
) -> None:
    """Seal what is booked in time that is closed, as workers do every few seconds.

    Logs in as a worker and signs with a worker's key, so it is run where those are. A new epoch is
    for one tenant (or --house), only after a restore, and takes the keys of two operators:
    docs/runbooks/ledger-seal-failed.md.
    Exits 1 when books could not be sealed.
    """
    if house and tenant is not None:
        raise click.UsageError("--tenant and --house name different books")
    books = HOUSE_TENANT_ID if house else tenant
    if new_epoch != (reason is not None):
        raise click.UsageError("--new-epoch and --reason belong together")
    if reason is not None and not 0 < len(reason) <= REASON_LENGTH_MAX:
        raise click.UsageError(f"--reason takes 1 to {REASON_LENGTH_MAX} characters")
    if new_epoch and books is None:
        raise click.UsageError("--new-epoch needs --tenant or --house")
    declaring: tuple[Operator, Operator] | None = None
    if new_epoch:
        if operator_key is None or second_operator_key is None:
            raise click.UsageError(
                "--new-epoch takes the keys of two operators: --operator-key, --second-operator-key"
            )
        declaring = run(lambda container: _two(container, operator_key, second_operator_key))
    key_id = new_seal_key(read_settings()) if new_key else None

    async def work(container: AsyncContainer) -> tuple[Seal | None, SealReport]:
        begun: Seal | None = None
        if books is not None:
            uow: UnitOfWork = await container.get(UnitOfWork)
            async with uow.begin(books) as tx:
                await tx.tenants.get()
        if reason is not None and books is not None and declaring is not None:
            begin = await container.get(BeginEpoch)
            begun = await begin.execute(books, reason=reason, by=declaring)
        # This marks a moment; the pass itself closes it.
        await (await container.get(LedgerClock)).advance()
        sealing = await container.get(SealLedger)
        return begun, await sealing.execute(None if books is None else (books,))

    begun, report = run_as_worker(work)
    refused = [
        {"tenant": book_name(each.tenant_id), "code": each.code, "detail": each.detail}
        for each in report.refused
    ]
    if refused and not as_json:
        print_rows(refused, ("tenant", "code", "detail"), as_json=False)
    print_object(_shown(begun, report, key_id, refused), as_json=as_json)
    if refused:
        raise click.exceptions.Exit(1)


async def _two(container: AsyncContainer, one: str, other: str) -> tuple[Operator, Operator]:
    """Raises `Unauthenticated`, `InsufficientScope`, `SecondOperatorRequired`."""
    by = (await operator_with(container, one), await operator_with(container, other))
    require_second_person(*by)
    return by


def _shown(
    begun: Seal | None, report: SealReport, key_id: str | None, refused: list[dict[str, str]]
) -> Mapping[str, object]:
    return {
        "closed_until": report.closed_until,
        "blocks": report.blocks,
        "transactions": report.transactions,
        "new_key": key_id,
        "new_epoch": None if begun is None else begun.header.epoch,
        "refused": refused,
    }
