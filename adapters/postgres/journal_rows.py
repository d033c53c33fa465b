"""Rows of the journal as the values they stand for."""

from adapters.postgres.connection import Row
from application.ports.ledger import PostedEntry, PostedTransaction
from domain.ledger.entry import Entry, JournalTransaction, MirrorOf
from domain.ledger.hold import Hold, HoldState
from domain.shared.ids import AccountId, HoldId, TenantId, TransactionId
from domain.shared.money import AssetCode

ENTRY_COLUMNS = """e.transaction_id, e.leg, e.account_id, e.asset, e.units, e.account_seq,
  e.balance_after, e.booked_at, t.template, t.reference"""
HOLD_COLUMNS = """h.id, h.account_id, a.asset, h.units, h.remaining, h.captured, h.released,
  h.state, h.reference, h.expires_at, h.created_at"""


def entry_from(row: Row) -> PostedEntry:
    return PostedEntry(
        transaction_id=TransactionId(row["transaction_id"]),
        leg=row["leg"],
        account_id=AccountId(row["account_id"]),
        asset=AssetCode(row["asset"]),
        units=row["units"],
        account_seq=row["account_seq"],
        balance_after=row["balance_after"],
        booked_at=row["booked_at"],
        template=row["template"],
        reference=row["reference"],
    )


def transaction_from(header: Row, entries: tuple[PostedEntry, ...]) -> PostedTransaction:
    """Rebuilt through the domain's constructor, which refuses one that does not balance."""
    mirrored = header["mirror_of"]
    return PostedTransaction(
        transaction=JournalTransaction(
            id=TransactionId(header["id"]),
            template=header["template"],
            reference=header["reference"],
            effective_on=header["effective_on"],
            entries=tuple(Entry(e.account_id, e.asset, e.units) for e in entries),
            reverses=header["reverses"],
            mirror_of=None
            if mirrored is None
            else MirrorOf(TenantId(header["mirror_tenant_id"]), TransactionId(mirrored)),
        ),
        booked_at=header["booked_at"],
        entries=entries,
    )


def hold_from(row: Row) -> Hold:
    return Hold(
        id=HoldId(row["id"]),
        account_id=AccountId(row["account_id"]),
        asset=AssetCode(row["asset"]),
        units=row["units"],
        remaining=row["remaining"],
        captured=row["captured"],
        released=row["released"],
        state=HoldState(row["state"]),
        expires_at=row["expires_at"],
        reference=row["reference"],
        created_at=row["created_at"],
    )
