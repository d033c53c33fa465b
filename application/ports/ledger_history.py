"""The ledger as it was: balances at any time, and statements. Within one tenant's transaction.

What the journal says of a moment is final once booking time is closed beyond it (`LedgerClock`);
until then somebody may still commit what was booked before.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Protocol, TypeAlias

import msgspec

from application.ports.ledger import PostedEntry
from domain.shared.ids import AccountId, TransactionId

STATEMENT_LINES_MAX: Final = 10_000


class BookedBy(msgspec.Struct, frozen=True):
    """What had been booked at `at`, that instant included."""

    at: datetime


class EffectiveOn(msgspec.Struct, frozen=True):
    """What counts for `on` or a day before, whenever it was booked."""

    on: date


Moment: TypeAlias = BookedBy | EffectiveOn


class StatementRange(msgspec.Struct, frozen=True, kw_only=True):
    """Entries booked from `booked_from` up to and with `booked_by`, older than `before`'s."""

    before: TransactionId | None = None
    booked_from: datetime | None = None
    booked_by: datetime | None = None


class StatementLine(msgspec.Struct, frozen=True):
    """`balance_after` is what was posted with this entry, positive on the normal side."""

    entry: PostedEntry
    balance_after: int


class LedgerHistory(Protocol):
    @abstractmethod
    async def posted(
        self, account_ids: Sequence[AccountId], moment: Moment
    ) -> Mapping[AccountId, int]:
        """Units posted then, positive on the normal side. Unknown accounts are left out.

        The work does not depend on how many entries there are.
        """
        ...

    @abstractmethod
    async def statement(
        self, account_id: AccountId, wanted: StatementRange, *, limit: int
    ) -> tuple[StatementLine, ...]:
        """Newest first, at most `STATEMENT_LINES_MAX`. Empty for an unknown account.

        Raises `NotFound` when `before` has no entry on the account.
        """
        ...
