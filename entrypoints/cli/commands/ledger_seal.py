from collections.abc import Mapping

import click
from dishka import AsyncContainer

from application.ledger.begin_epoch import BeginEpoch
from application.ledger.seal_ledger import SealLedger, SealReport
from application.ports.ledger_clock import LedgerClock
from domain.ledger.account_name import book_name
from domain.ledger.seal import REASON_LENGTH_MAX, Seal
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.operator import TENANT, run_as_worker
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
@json_option
def seal(
    tenant: TenantId | None,
    house: bool,
    new_key: bool,
    new_epoch: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Seal what is booked in time that is closed, as workers do every few seconds.

    Logs in as a worker and signs with a worker's key, so it is run where those are. A new epoch is
    for one tenant (or --house), and only after a restore: docs/runbooks/ledger-seal-failed.md.
    Exits 1 when books could not be sealed.
    """
    books = HOUSE_TENANT_ID if house else tenant
    if new_epoch != (reason is not None):
        raise click.UsageError("--new-epoch and --reason belong together")
    if reason is not None and not 0 < len(reason) <= REASON_LENGTH_MAX:
        raise click.UsageError(f"--reason takes 1 to {REASON_LENGTH_MAX} characters")
    if new_epoch and books is None:
        raise click.UsageError("--new-epoch needs --tenant or --house")
    key_id = new_seal_key(read_settings()) if new_key else None

    async def work(container: AsyncContainer) -> tuple[Seal | None, SealReport]:
        begun: Seal | None = None
        if reason is not None and books is not None:
            begin = await container.get(BeginEpoch)
            begun = await begin.execute(books, reason=reason)
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
