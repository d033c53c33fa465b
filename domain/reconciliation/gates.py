"""Three gates a statement passes: its own sums, matching, and the balance of our account."""

import msgspec

from ..shared.errors import RuleViolation
from ..shared.money import AssetCode


class StatementUnbalanced(RuleViolation):
    """Opening and lines do not add up to closing."""

    code = "statement_unbalanced"


class StatementNotContinuous(RuleViolation):
    """It does not open with what the one before it closed with: one in between is missing."""

    code = "statement_not_continuous"


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of a statement, in units, from our view.

    - `opening`, `closing`: by the source, or for want of its word our own sum (`reported` False).
    - `lines`: what its lines add up to, `other`: entries that another list of the source shows.
    - `pending`: what it has not finished; its closing may have it already, or not yet.
    - `opening_pending`: what of the opening had then not been finished. It comes as a line later.
    - `ledger`: the balance of our account, `breaks`: what all open breaks add up to.
    """

    asset: AssetCode
    opening: int
    lines: int
    other: int
    closing: int
    reported: bool
    pending: int
    opening_pending: int = 0
    ledger: int
    breaks: int

    @property
    def unexplained_by_lines(self) -> int:
        """Gate 1. Zero, or the statement leaves something out."""
        opening = self.opening - self.opening_pending
        return self._without_pending(self.closing - opening - self.lines - self.other)

    @property
    def unexplained_by_books(self) -> int:
        """Gate 3. Zero, or our account differs from the closing by more than the breaks say."""
        return self._without_pending(self.closing - self.ledger - self.breaks)

    @property
    def closing_pending(self) -> int:
        """What of the closing is not finished yet."""
        ahead = self.closing - self.ledger - self.breaks
        return self.pending if ahead == self.pending else 0

    def _without_pending(self, difference: int) -> int:
        return 0 if difference == self.pending else difference


def require_sums(
    asset: AssetCode, *, opening: int, lines: int, closing: int, previous_closing: int | None
) -> None:
    """Gate 1 for a statement that says it is complete, such as a file.

    Raises `StatementUnbalanced` or `StatementNotContinuous`.
    """
    if opening + lines != closing:
        raise StatementUnbalanced(
            f"{asset}: opening and lines make {opening + lines} units, and closing is {closing}",
            asset=asset,
        )
    if previous_closing is not None and previous_closing != opening:
        raise StatementNotContinuous(
            f"{asset}: the statement before closed with {previous_closing} units, and this one "
            f"opens with {opening}",
            asset=asset,
        )
