"""Seals in memory, over rows that have the columns which the tables of the database have."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from adapters.memory.store import BookedTransaction, Rows, StoredSeal
from application.ports.ledger import PostedEntry
from application.ports.seals import Leaf, Place, StoredRow
from domain.ledger.account import Account
from domain.ledger.canonical import Fields, JournalRow
from domain.ledger.seal import Seal
from domain.shared.ids import TenantId, TransactionId

# Nothing in memory has a database's transaction ids.
NO_XID = "0"


class MemorySeals:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def head(self) -> Seal | None:
        found = self._all()
        return found[-1] if found else None

    async def after(self, number: int, *, limit: int) -> tuple[Seal, ...]:
        return tuple(seal for seal in self._all() if seal.header.number > number)[:limit]

    async def covering(self, booked_at: datetime) -> Seal | None:
        later = (seal for seal in self._all() if seal.header.booked_to > booked_at)
        return next((seal for seal in later if seal.header.reason is None), None)

    async def leaves(self, number: int) -> tuple[Leaf, ...]:
        found = self._rows.seals.get(number)
        return () if found is None else found.leaves

    async def add(self, seal: Seal, leaves: Sequence[Leaf]) -> bool:
        number = seal.header.number
        await self._rows.seals.lock(number)
        if self._rows.seals.get(number) is not None:
            return False
        self._rows.seals.put(number, StoredSeal(seal, tuple(leaves)))
        return True

    async def end_of_block(
        self, since: datetime | None, until: datetime, *, transactions_max: int
    ) -> datetime | None:
        times = sorted(booked.booked_at for booked in self._booked(since, until))
        if len(times) <= transactions_max:
            return until if times else None
        beyond = times[transactions_max]
        if times[0] < beyond:
            return beyond
        return next((at for at in times if at > beyond), until)

    async def page(
        self, since: datetime | None, until: datetime, *, after: Place | None, limit: int
    ) -> tuple[JournalRow, ...]:
        found = sorted(
            self._booked(since, until), key=lambda each: (each.booked_at, each.transaction.id)
        )
        rows = [self._row(each) for each in found]
        if after is not None:
            rows = [row for row in rows if (row.booked_at, row.id) > (after.booked_at, after.id)]
        return tuple(rows[:limit])

    async def row(self, transaction_id: TransactionId) -> StoredRow | None:
        booked = self._rows.transactions.get(transaction_id)
        return None if booked is None else StoredRow(self._row(booked), booked.booked_at)

    def _all(self) -> list[Seal]:
        found = (stored.seal for stored in self._rows.seals.values())
        return sorted(found, key=lambda seal: seal.header.number)

    def _booked(self, since: datetime | None, until: datetime) -> Iterator[BookedTransaction]:
        for booked in self._rows.transactions.values():
            if booked.booked_at < until and (since is None or booked.booked_at >= since):
                yield booked

    def _row(self, booked: BookedTransaction) -> JournalRow:
        tenant_id, transaction = self._rows.session.tenant_id, booked.transaction
        mirror = transaction.mirror_of
        header: Fields = {
            "tenant_id": str(tenant_id),
            "id": str(transaction.id),
            "template": transaction.template,
            "reference": transaction.reference,
            "effective_on": transaction.effective_on.isoformat(),
            "reverses": _text(transaction.reverses),
            "mirror_tenant_id": None if mirror is None else str(mirror.tenant_id),
            "mirror_of": None if mirror is None else str(mirror.transaction_id),
            "booked_at": _instant(booked.booked_at),
            "created_xid": NO_XID,
        }
        legs = range(len(transaction.entries))
        entries = (self._rows.entries.get((transaction.id, leg)) for leg in legs)
        return JournalRow(
            header,
            tuple(
                {**_entry(tenant_id, entry), **_account(self._rows.accounts.get(entry.account_id))}
                for entry in entries
                if entry is not None
            ),
        )


def _entry(tenant_id: TenantId, entry: PostedEntry) -> Fields:
    return {
        "tenant_id": str(tenant_id),
        "transaction_id": str(entry.transaction_id),
        "leg": str(entry.leg),
        "account_id": str(entry.account_id),
        "asset": entry.asset,
        "units": str(entry.units),
        "account_seq": _text(entry.account_seq),
        "balance_after": _text(entry.balance_after),
        "booked_at": _instant(entry.booked_at),
        "created_xid": NO_XID,
    }


def _account(account: Account | None) -> Fields:
    return {
        "account_owner": None if account is None else account.key.owner or "",
        "account_code": None if account is None else account.key.code.value,
        "account_type": None if account is None else account.type.value,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
