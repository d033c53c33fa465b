import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Final, TextIO

import click
from dishka import AsyncContainer

from application.ledger.export_ledger import ExportFormat, ExportLedger, ExportLedgerCommand
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.operator import TENANT, run

DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
UNFINISHED_SUFFIX: Final = ".part"


@click.command()
@click.option(
    "--format",
    "format_",
    type=click.Choice([each.value for each in ExportFormat]),
    required=True,
    help="docs/ledger/export.md says what each holds.",
)
@click.option("--tenant", type=TENANT, help="Only this tenant's books.")
@click.option("--house", is_flag=True, help="Only the house's books.")
@click.option("--from", "first", type=DAY, help="First effective day.")
@click.option("--to", "last", type=DAY, help="Last effective day, included.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="A file, which is there when it is whole; else it goes to standard output.",
)
def export(
    format_: str,
    tenant: TenantId | None,
    house: bool,
    first: datetime | None,
    last: datetime | None,
    output: Path | None,
) -> None:
    """The journal as it is at this moment, all books if none is named, for other programs."""
    if house and tenant is not None:
        raise click.UsageError("--tenant and --house name different books")
    command = ExportLedgerCommand(
        format=ExportFormat(format_),
        tenant_id=HOUSE_TENANT_ID if house else tenant,
        effective_from=date.min if first is None else first.date(),
        effective_to=date.max if last is None else last.date(),
    )
    try:
        with _opened(output) as file:
            run(lambda container: _write(container, command, file))
    except BrokenPipeError:
        # The reader has seen enough. What Python flushes at its end must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(1) from None


async def _write(container: AsyncContainer, command: ExportLedgerCommand, file: TextIO) -> None:
    use_case = await container.get(ExportLedger)
    async with contextlib.aclosing(use_case.execute(command)) as text:
        async for part in text:
            file.write(part)
    file.flush()


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Takes its name when everything is in it; what failed half-way leaves nothing behind."""
    if output is None:
        yield sys.stdout
        return
    unfinished = output.with_name(output.name + UNFINISHED_SUFFIX)
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
        unfinished.replace(output)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
