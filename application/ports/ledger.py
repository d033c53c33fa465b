"""The ledger's store. The rules are in `domain.ledger.rules`; here they meet locked state."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, Protocol

import msgspec

from domain.ledger.account import Account, AccountKey
from domain.ledger.balance import Balance
from domain.ledger.commands import Batch, Post
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.hold import Hold
from domain.ledger.outcomes import Outcome
from domain.shared.ids import AccountId, CustomerId, HoldId, TenantId, TransactionId
from domain.shared.money import AssetCode

REFERENCED_MAX: Final = 100
PERIODS_MAX: Final = 120


class Accounts(Protocol):
    @abstractmethod
    async def resolve(self, keys: Iterable[AccountKey]) -> Mapping[AccountKey, AccountId]:
        """Ids of all `keys`; accounts that do not exist yet are opened as the chart says."""
        ...

    @abstractmethod
    async def get(self, account_id: AccountId) -> "AccountView":
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def of_customer(self, customer_id: CustomerId) -> tuple["AccountView", ...]: ...

    @abstractmethod
    async def shared(
        self, *, after: AccountId | None = None, limit: int
    ) -> tuple["AccountView", ...]:
        """Accounts without a floor, which are no customer's: revenue, clearing. Oldest first."""
        ...

    @abstractmethod
    async def set_floor(self, account_id: AccountId, floor_units: int) -> "TermsChange":
        """Of a strict account, under the lock on its balance. Operators only.

        Raises `NotFound`, and as `domain.ledger.account_terms.with_floor`: nothing has changed
        then, and the transaction can only be left.
        """
        ...

    @abstractmethod
    async def close(self, account_id: AccountId) -> "TermsChange":
        """Nothing is posted to it or held on it ever after. Raises as above, for `closed`.

        No order that pays from it or into it can be opened until the transaction ends. The lock on
        its balance is the last one that is taken.
        """
        ...


class TermsChange(msgspec.Struct, frozen=True):
    before: Account
    after: Account


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its balance as of now. Deferred accounts are summed over their entries.

    `updated_at` is when the last entry was booked, or the opening: holds leave it alone, as they do
    `balance.version`.
    """

    account: Account
    balance: Balance
    updated_at: datetime

    @property
    def posted(self) -> int:
        return self.balance.posted(self.account.type)

    @property
    def available(self) -> int:
        return self.balance.available(self.account.type)


class PostedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`account_seq` and `balance_after` are None on deferred accounts."""

    transaction_id: TransactionId
    leg: int
    account_id: AccountId
    asset: AssetCode
    units: int
    account_seq: int | None
    balance_after: int | None
    booked_at: datetime
    template: str
    reference: str


class PostedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    transaction: JournalTransaction
    booked_at: datetime
    entries: tuple[PostedEntry, ...]


class ClosedPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is effective on `closed_through` or before that is booked at `closed_at` or later.

    All of it can be seen once booking time is closed beyond `closed_at` (`LedgerClock`).
    """

    closed_through: date
    closed_by: str
    closed_at: datetime


class Journal(Protocol):
    @abstractmethod
    async def post(self, batch: Batch) -> tuple[Outcome, ...]:
        """Locks, decides by the domain's rules, writes; one outcome per command, in order.

        Accounts and holds are locked in order of their ids. A refused command has no effect.
        Raises `IdempotencyInProgress` when a key of the batch is being used at this moment: the
        transaction can then only be left.
        """
        ...

    @abstractmethod
    async def post_at_once(self, post: Post) -> bool:
        """The plain case in one statement: a post that captures, reverses and mirrors nothing.

        False when anything speaks against it, or when it is not plain: nothing was written, and the
        transaction can only be left. `post` in a new one then says why, or does it.
        """
        ...

    @abstractmethod
    async def close_period(self, through: date, *, by: str) -> bool:
        """Nothing may be effective on that day or before any more, and there is no way back.

        False when it is closed that far already. Waits for whoever is posting what is dated back,
        a bounded time, and keeps others from it until the transaction ends: it is to be short. The
        lock is taken after all others. Raises `Overloaded` when the time is over; the transaction
        can then only be left.
        """
        ...

    @abstractmethod
    async def periods(self) -> tuple["ClosedPeriod", ...]:
        """Those that were closed, the latest first, at most `PERIODS_MAX`."""
        ...

    @abstractmethod
    async def transaction(self, transaction_id: TransactionId) -> PostedTransaction:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def of_reference(
        self, reference: str, *, after: TransactionId | None = None, limit: int = REFERENCED_MAX
    ) -> tuple[PostedTransaction, ...]:
        """What was posted about one object, oldest first, from behind `after`.

        Not for the path of a trade: a reference does not say which partition to look into, so the
        index of each is looked up.
        """
        ...

    @abstractmethod
    async def mirror(self, of: MirrorOf, *, reference: str) -> PostedTransaction | None:
        """What answers a tenant's transaction, in a transaction of the house.

        A mirror bears the `reference` of what it answers; it is found by it.
        """
        ...

    @abstractmethod
    async def hold(self, hold_id: HoldId) -> Hold | None: ...

    @abstractmethod
    async def expired_holds(self, *, now: datetime, limit: int) -> tuple[Hold, ...]:
        """Active holds whose time is up."""
        ...


class Ledger(Protocol):
    """For posts that are a transaction by themselves."""

    @abstractmethod
    async def post(self, tenant_id: TenantId, batch: Batch) -> tuple[Outcome, ...]:
        """Commits what is accepted, all of it or nothing; one outcome per command, in order.

        Raises `CommitUnknown` when nobody knows whether it was committed: where all commands have
        a request it finds out by asking again. Raises `Overloaded` and `IdempotencyInProgress` when
        nothing was done.
        """
        ...
