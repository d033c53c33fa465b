from collections.abc import AsyncGenerator, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from application.ledger.formats.book_text import BookFormat
from application.ledger.formats.csv_rows import CSV
from application.ledger.formats.hledger_journal import HLEDGER
from application.ledger.formats.json_lines import JSONL
from application.ports.export import ExportScope, LedgerExport
from application.ports.unit_of_work import UnitOfWork
from domain.shared.errors import RuleViolation
from domain.shared.ids import TenantId


class ExportFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    HLEDGER = "hledger"


FORMATS: Final[Mapping[ExportFormat, BookFormat]] = MappingProxyType(
    {ExportFormat.CSV: CSV, ExportFormat.JSONL: JSONL, ExportFormat.HLEDGER: HLEDGER}
)


class ExportDaysInvalid(RuleViolation):
    code = "export_days_invalid"


class ExportLedgerCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Without a tenant all books; the days are effective ones, both included."""

    format: ExportFormat
    tenant_id: TenantId | None = None
    effective_from: date = date.min
    effective_to: date = date.max


class ExportLedger:
    """- What is exported is of one moment, whatever is posted meanwhile.
    - Nothing is kept: memory does not grow with the journal.
    - Amounts are exact, with all decimals of their asset.
    - Books that somebody has changed behind our back are not exported.
    """

    def __init__(self, *, export: LedgerExport, uow: UnitOfWork) -> None:
        self._export = export
        self._uow = uow

    async def execute(self, command: ExportLedgerCommand) -> AsyncGenerator[str]:
        """Whole lines. Raises `NotFound`, `ExportDaysInvalid` and `TransactionInvalid`.

        Close it (`contextlib.aclosing`) when it is not read to its end: it holds a connection.
        """
        if command.effective_from > command.effective_to:
            raise ExportDaysInvalid("the first day is after the last one")
        if command.tenant_id is not None:
            async with self._uow.begin(command.tenant_id) as tx:
                await tx.tenants.get()
        written = FORMATS[command.format]
        scope = ExportScope(
            tenant_id=command.tenant_id,
            effective_from=command.effective_from,
            effective_to=command.effective_to,
        )
        async with self._export.snapshot() as snapshot:
            scales = {asset.code: asset.scale for asset in await snapshot.assets()}
            yield written.header(scales)
            before = ""
            async for found in snapshot.accounts(scope):
                # One name covers the accounts an owner has in several assets, which follow another.
                text = written.account(found)
                if text != before:
                    yield text
                before = text
            async for exported in snapshot.transactions(scope):
                yield written.transaction(exported, scales)
