"""How what was verified is shown."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from application.ledger.findings import COUNTED_MAX, Shown
from application.ledger.verify_seals import BegunEpoch, SealVerification
from application.ports.verification import Finding
from domain.ledger.account_name import book_name
from domain.shared.ids import IdPrefix, encode_id

_UUID: Final = re.compile(
    r"(account |hold )?\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"
)
_SAID: Final = {"account": IdPrefix.ACCOUNT, "hold": IdPrefix.HOLD}
# By words in the name of a check; the first that fits counts.
_SUBJECTS: Final = (
    (("filled_order", "pending_order", "fill_has"), IdPrefix.ORDER),
    (("hold_belongs",), IdPrefix.HOLD),
    (("movement_", "fold_ends", "answer", "period_is"), None),
    (
        (
            "balance_",
            "held_",
            "floor",
            "checkpoint",
            "day_",
            "entries_numbered",
            "entries_booked",
        ),
        IdPrefix.ACCOUNT,
    ),
    (
        ("transaction", "entry_", "header_", "mirror", "reversal", "nothing_is_dated"),
        IdPrefix.TRANSACTION,
    ),
)


def seals_as_json(seals: SealVerification) -> Mapping[str, object]:
    return {
        "blocks": seals.blocks,
        "transactions": seals.transactions,
        "transactions_read": seals.transactions_read,
        "signatures": _checked(seals.signatures),
        "anchor": _checked(seals.anchor),
        "epochs": [_epoch(each) for each in seals.epochs],
    }


def epochs_in_lines(seals: SealVerification) -> Iterator[str]:
    """Each time that two people declared a chain whole again, for a person to judge."""
    for each in seals.epochs:
        begun = each.begun
        gone = "unknown, there is no anchor" if begun.undone is None else str(begun.undone)
        yield (
            f"epoch {begun.epoch} of {book_name(each.tenant_id)} since block {begun.number}, "
            f"{begun.sealed_at.isoformat(timespec='seconds')}, by {begun.declared_by}: "
            f"{begun.reason}; anchored blocks that are not in the database: {gone}"
        )


def _epoch(each: BegunEpoch) -> Mapping[str, object]:
    begun = each.begun
    return {
        "tenant": book_name(each.tenant_id),
        "epoch": begun.epoch,
        "block": begun.number,
        "reason": begun.reason,
        "declared_by": begun.declared_by,
        "sealed_at": begun.sealed_at,
        "blocks_undone": begun.undone,
    }


def seals_in_a_line(seals: SealVerification) -> str:
    """Says aloud what could not be checked here: nobody should think that it was."""
    lacking = [
        text
        for text, given in (
            ("no trusted keys here: signatures UNCHECKED", seals.signatures),
            ("no anchor here: the end of the chains UNCHECKED", seals.anchor),
        )
        if not given
    ]
    counts = (
        f"seals: {seals.blocks} blocks with {seals.transactions} transactions, "
        f"{seals.transactions_read} read again"
    )
    return "; ".join((counts, *(lacking if seals.blocks else ())))


def finding_as_json(finding: Finding) -> Mapping[str, object]:
    """Ids as the other commands take and show them."""
    prefix = _subject_of(finding.check)
    return {
        "check": finding.check,
        "tenant": book_name(finding.tenant_id),
        "subject": _UUID.sub(lambda found: _encoded(found, prefix), finding.subject),
        "detail": _UUID.sub(lambda found: _encoded(found, IdPrefix.TRANSACTION), finding.detail),
    }


def counts_in_lines(found: Shown) -> Iterator[str]:
    for each in found.counts:
        more = " or more" if each.findings >= COUNTED_MAX else ""
        yield f"{each.check}: {each.findings}{more}"
    if found.hidden:
        yield f"{found.hidden} more not shown"


def _subject_of(check: str) -> IdPrefix | None:
    """Of what kind an id is that a check names; None where it may be of several kinds."""
    for words, prefix in _SUBJECTS:
        if any(word in check for word in words):
            return prefix
    return None


def _encoded(found: re.Match[str], prefix: IdPrefix | None) -> str:
    said, text = found.group(1) or "", found.group(2)
    prefix = _SAID.get(said.strip(), prefix)
    return said + (text if prefix is None else encode_id(prefix, UUID(text)))


def _checked(given: bool) -> str:
    return "checked" if given else "unchecked"
