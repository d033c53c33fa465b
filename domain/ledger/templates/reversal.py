"""The only way to take a posted transaction back: another one with every sign turned."""

from ..entry import Entry, JournalTransaction
from .legs import Header


def reversal(header: Header, original: JournalTransaction) -> JournalTransaction:
    """Undoes the entries. Holds that were captured stay captured, and floors apply as always."""
    return JournalTransaction(
        id=header.transaction_id,
        template="reversal",
        reference=header.reference,
        effective_on=header.effective_on,
        entries=tuple(
            Entry(entry.account_id, entry.asset, -entry.units) for entry in original.entries
        ),
        reverses=original.id,
    )
