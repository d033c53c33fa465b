"""What reconciliation keeps, and what it reads of the ledger and of tenants' executions."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, Protocol

import msgspec

from domain.ledger.entry import MirrorOf
from domain.liquidity.quote import LpName
from domain.reconciliation.breaks import Break, BreakState
from domain.reconciliation.findings import BreakType
from domain.reconciliation.gates import Position
from domain.reconciliation.matching import MatchRule, Name
from domain.reconciliation.sides import ItemKey, Line
from domain.reconciliation.source import Source
from domain.shared.errors import Conflict, RuleViolation
from domain.shared.ids import (
    AccountId,
    BreakId,
    LineId,
    MatchId,
    OrderId,
    StatementId,
    TransactionId,
)
from domain.shared.money import AssetCode

# One run's worth. More is a matter of shorter periods.
ENTRIES_MAX: Final = 100_000
OPEN_BREAKS_MAX: Final = 20_000
UNFINISHED_MAX: Final = 5_000


class SourceExists(Conflict):
    """Another source has the name, or is about the account."""

    code = "reconciliation_source_exists"


class StatementExists(Conflict):
    """This very statement was read before."""

    code = "statement_exists"


class TooMuchToReconcile(RuleViolation):
    """More than one run takes; nothing was recorded."""

    code = "too_much_to_reconcile"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """[`since`, `until`). `digest` is SHA-256 over what was read.

    `list_from` is where the next reading of a list has to begin so as to miss nothing.
    """

    id: StatementId
    source: str
    since: datetime
    until: datetime
    list_from: datetime
    digest: bytes
    positions: tuple[Position, ...]
    created_at: datetime


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry on the account of a source. Units are positive where what lies there grows."""

    key: ItemKey
    asset: AssetCode
    units: int
    booked_at: datetime
    template: str
    reference: str
    mirror_of: MirrorOf | None


class LedgerSide(msgspec.Struct, frozen=True, kw_only=True):
    """Of one moment. `balances` are those of the whole accounts, `entries` in order of booking."""

    accounts: Mapping[AssetCode, AccountId]
    balances: Mapping[AssetCode, int]
    entries: tuple[LedgerEntry, ...]


class MatchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`made_by` is None for a match that a run found."""

    id: MatchId
    rule: MatchRule
    source: str
    statement_id: StatementId | None
    asset: AssetCode
    lines: tuple[tuple[LineId, int], ...]
    items: tuple[tuple[ItemKey, int], ...]
    made_by: str | None
    created_at: datetime


class BreakFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`state` None means all that are not closed; `first_on` and `last_on` bound `value_on`."""

    source: str | None = None
    state: BreakState | None = None
    type: BreakType | None = None
    first_on: date | None = None
    last_on: date | None = None


class Reconciliation(Protocol):
    """Within one tenant's transaction. Lines, statements and matches are never changed."""

    @abstractmethod
    async def sources(self) -> tuple[Source, ...]:
        """By name."""
        ...

    @abstractmethod
    async def add_source(self, source: Source) -> None:
        """Adding the same again is harmless. Raises `SourceExists`."""
        ...

    @abstractmethod
    async def lock(self, source: str) -> None:
        """Until the end of the transaction, before anything else is locked. Raises `NotFound`."""
        ...

    @abstractmethod
    async def statement(self, statement_id: StatementId) -> Statement:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def last_statement(self, source: str) -> Statement | None: ...

    @abstractmethod
    async def has_digest(self, source: str, digest: bytes) -> bool:
        """Whether a statement of the source with this digest is kept."""
        ...

    @abstractmethod
    async def page_statements(
        self, source: str | None, *, before: StatementId | None, limit: int
    ) -> tuple[Statement, ...]:
        """Newest first."""
        ...

    @abstractmethod
    async def add_statement(self, statement: Statement, lines: tuple[Line, ...]) -> None:
        """The source is locked. Raises `StatementExists` when the digest is known."""
        ...

    @abstractmethod
    async def lines(self, line_ids: Iterable[LineId]) -> tuple[Line, ...]: ...

    @abstractmethod
    async def names(self, source: str, refs: Iterable[str]) -> Mapping[Name, bool]:
        """Those of the names that the source's lines have already; True where one is matched."""
        ...

    @abstractmethod
    async def finished(self, keys: Iterable[ItemKey]) -> frozenset[ItemKey]:
        """Those of the entries that are in a match."""
        ...

    @abstractmethod
    async def ledger_side(self, source: Source, *, since: datetime | None) -> LedgerSide:
        """Entries booked at `since` or later, all without it. Raises `TooMuchToReconcile`."""
        ...

    @abstractmethod
    async def add_matches(self, matches: Iterable[MatchRecord]) -> None:
        """The source is locked. No line and no entry is in two matches: the store refuses."""
        ...

    @abstractmethod
    async def get_break(self, break_id: BreakId) -> Break:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def open_breaks(self, source: str) -> tuple[Break, ...]:
        """All that are not closed, oldest first. Raises `TooMuchToReconcile`."""
        ...

    @abstractmethod
    async def page_breaks(
        self, wanted: BreakFilter, *, after: BreakId | None, limit: int
    ) -> tuple[Break, ...]:
        """Oldest first."""
        ...

    @abstractmethod
    async def add_breaks(self, breaks: Iterable[Break]) -> None:
        """The source is locked."""
        ...

    @abstractmethod
    async def update_breaks(self, breaks: Iterable[Break]) -> None:
        """Raises `VersionConflict` unless each stored version is the one before."""
        ...


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's attempt says of it. `transaction_id` is the tenant's posting of the fill."""

    order_id: OrderId
    lp: LpName
    lp_quote_id: str
    client_ref: str
    lp_execution_id: str | None
    transaction_id: TransactionId | None
    why: str


class ExecutionTrail(Protocol):
    """Within a tenant's transaction: which of its orders is which execution of an LP."""

    @abstractmethod
    async def of_orders(self, order_ids: Iterable[OrderId]) -> tuple[Execution, ...]:
        """Those that were filled."""
        ...

    @abstractmethod
    async def unfinished(self, lp: LpName) -> tuple[Execution, ...]:
        """Attempts whose outcome is open, and fills whose mirror the house has not posted.

        `why` says which. Raises `TooMuchToReconcile`.
        """
        ...
