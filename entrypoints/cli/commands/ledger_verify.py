"""How the verification of seals is shown."""

from collections.abc import Mapping

from application.ledger.verify_seals import SealVerification


def seals_as_json(seals: SealVerification) -> Mapping[str, object]:
    return {
        "blocks": seals.blocks,
        "transactions": seals.transactions,
        "transactions_read": seals.transactions_read,
        "signatures": _checked(seals.signatures),
        "anchor": _checked(seals.anchor),
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


def _checked(given: bool) -> str:
    return "checked" if given else "unchecked"
