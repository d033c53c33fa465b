"""What proves, with one LP, that an execution happened or that it never will: a table, as data.

Each dialect declares its own from the vendor's documents, `decide` judges by it, and
docs/liquidity.md prints it. A person is in none of these tables: what none proves is theirs.
"""

import msgspec

from ..shared.errors import invariant


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Every witness has to be asked after `after` plus the margin, and none may know anything.

    `witnesses` are the vendor's records by the dialect's own names for them, all it offers.
    """

    witnesses: tuple[str, ...]
    after: str

    def __post_init__(self) -> None:
        invariant(bool(self.witnesses), "silence is no witness")
        invariant(len(set(self.witnesses)) == len(self.witnesses), "a witness is named twice")


class Proofs(msgspec.Struct, frozen=True, kw_only=True):
    """`traded` and `refused`: records of which one is enough. `absence` None: never proven."""

    traded: tuple[str, ...]
    refused: tuple[str, ...]
    absence: Absence | None
    why_not: str | None = None

    def __post_init__(self) -> None:
        invariant(bool(self.traded), "without a record of a trade no order ever ends")
        invariant(
            (self.absence is None) == (self.why_not is not None),
            "where absence proves nothing, the table says why",
        )
