from collections.abc import Mapping, Sequence

from adapters.memory.store import Rows
from application.ports.ledger import PostedEntry
from application.ports.ledger_history import (
    STATEMENT_LINES_MAX,
    BookedBy,
    Moment,
    StatementLine,
    StatementRange,
)
from domain.ledger.account import Account
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId


class MemoryLedgerHistory:
    """Adds everything up each time, so it needs no folds."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def posted(
        self, account_ids: Sequence[AccountId], moment: Moment
    ) -> Mapping[AccountId, int]:
        found = {each: self._rows.accounts.get(each) for each in account_ids}
        return {
            key: sum(
                entry.units * account.type.normal_sign
                for entry in self._in_order(account)
                if self._had_happened(entry, moment)
            )
            for key, account in found.items()
            if account is not None
        }

    async def statement(
        self, account_id: AccountId, wanted: StatementRange, *, limit: int
    ) -> tuple[StatementLine, ...]:
        account = self._rows.accounts.get(account_id)
        if account is None:
            return ()
        balance, lines = 0, []
        for entry in self._in_order(account):
            balance += entry.units * account.type.normal_sign
            lines.append(StatementLine(entry, balance))
        if wanted.before is not None:
            places = [line.entry.transaction_id for line in lines]
            if wanted.before not in places:
                raise NotFound("that transaction has no entry on this account")
            lines = lines[: places.index(wanted.before)]
        shown = [
            line
            for line in reversed(lines)
            if (wanted.booked_from is None or line.entry.booked_at >= wanted.booked_from)
            and (wanted.booked_by is None or line.entry.booked_at <= wanted.booked_by)
        ]
        return tuple(shown[: min(limit, STATEMENT_LINES_MAX)])

    def _in_order(self, account: Account) -> list[PostedEntry]:
        entries = [entry for entry in self._rows.entries.values() if entry.account_id == account.id]
        return sorted(entries, key=lambda each: (each.booked_at, _order(each)))

    def _had_happened(self, entry: PostedEntry, moment: Moment) -> bool:
        if isinstance(moment, BookedBy):
            return entry.booked_at <= moment.at
        booked = self._rows.transactions.get(entry.transaction_id)
        return booked is not None and booked.transaction.effective_on <= moment.on


def _order(entry: PostedEntry) -> int:
    return entry.transaction_id.int if entry.account_seq is None else entry.account_seq
