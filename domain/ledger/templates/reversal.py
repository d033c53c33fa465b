"""The only way to take a posted transaction back: another one with every sign turned."""

from ..entry import Entry, JournalTransaction, MirrorOf
from .legs import Header


def reversal(header: Header, original: JournalTransaction) -> JournalTransaction:
    """Undoes the entries. Holds that were captured stay captured, and floors apply as always."""
    return _turned(header, original, template="reversal")


def reversal_mirror(
    header: Header, mirrored: JournalTransaction, *, mirror_of: MirrorOf
) -> JournalTransaction:
    """Answers a tenant's `reversal`: undoes what the house posted for its original.

    `mirrored` is that posting, whatever it said; `mirror_of` points to the tenant's reversal.
    """
    return _turned(header, mirrored, template="reversal_mirror", mirror_of=mirror_of)


def _turned(
    header: Header,
    original: JournalTransaction,
    *,
    template: str,
    mirror_of: MirrorOf | None = None,
) -> JournalTransaction:
    return JournalTransaction(
        id=header.transaction_id,
        template=template,
        reference=header.reference,
        effective_on=header.effective_on,
        entries=tuple(
            Entry(entry.account_id, entry.asset, -entry.units) for entry in original.entries
        ),
        reverses=original.id,
        mirror_of=mirror_of,
    )
