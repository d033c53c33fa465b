"""Executing an LP's quote, and what is known of it afterwards.

Anything not proven is `Unknown`: a lost reply, a server error or a status nobody has seen before
says nothing about whether the LP traded.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from ..assets.instrument import Instrument
from ..shared.ids import OrderId
from ..shared.side import Side


class OutcomeKind(StrEnum):
    FILLED = "filled"
    REJECTED = "rejected"
    PENDING = "pending"
    UNKNOWN = "unknown"


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag="filled", tag_field="outcome"):
    """The LP traded. Amounts are the LP's report, which may differ from its quote."""

    lp_execution_id: str
    base_units: int
    quote_units: int
    executed_at: datetime


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected", tag_field="outcome"):
    """The LP did not trade and never will on this request: its own definitive word."""

    reason: str
    detail: str


class Pending(msgspec.Struct, frozen=True, kw_only=True, tag="pending", tag_field="outcome"):
    """The LP acknowledged the request and has not decided."""

    lp_execution_id: str | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag="unknown", tag_field="outcome"):
    """Nothing is proven. `cause` says what was seen, for the record."""

    cause: str


class NotAsked(Unknown, frozen=True, kw_only=True, tag="unknown", tag_field="outcome"):
    """A lookup that we did not send, to keep within what the LP allows: it says nothing of the LP.

    For an order it is as unknown as any.
    """


Outcome = Filled | Rejected | Pending | Unknown


class NotSeen(msgspec.Struct, frozen=True, kw_only=True, tag="not_seen", tag_field="outcome"):
    """The LP's record shows no such execution.

    `authoritative` says that every witness the LP offers was asked, late enough for its own answer
    to be final; `witnesses` are those that were. On its own it is evidence, not yet proof:
    `resolution.decide` judges it by the LP's table.
    """

    authoritative: bool
    detail: str
    witnesses: tuple[str, ...] = ()


class LpExecute(msgspec.Struct, frozen=True, kw_only=True):
    """`client_ref` is derived from the order, so that a lookup needs nothing the LP answered.

    Nothing may be sent after `deadline`. The amounts are the LP's own, as it quoted them: an LP
    that takes orders instead of quote ids is told them again, and is not to go beyond them.
    """

    order_id: OrderId
    lp_quote_id: str
    client_ref: str
    instrument: Instrument
    side: Side
    base_units: int
    quote_units: int
    lp_expires_at: datetime
    deadline: datetime
    scenario: str | None = None


class ExecutionKey(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to look an execution up without its reply."""

    lp_quote_id: str
    client_ref: str
    sent_at: datetime
    lp_expires_at: datetime
    instrument: Instrument
    side: Side


class LpLeg(msgspec.Struct, frozen=True):
    """One side of a listed execution, in the LP's own asset name and decimal text."""

    asset: str
    amount: str


class LpExecution(msgspec.Struct, frozen=True, kw_only=True):
    """One row of an LP's own list: the second witness, and the feed of reconciliation.

    `side` is ours: with `BUY` we got the base leg and gave the quote leg. `client_ref` is ours as
    well, from an LP that stores it; one that trades on orders knows no quote's id.
    """

    lp_quote_id: str | None
    lp_execution_id: str
    status: OutcomeKind
    side: Side
    base: LpLeg
    quote: LpLeg
    executed_at: datetime
    client_ref: str | None = None


class LpHolding(msgspec.Struct, frozen=True):
    """All that lies with the LP in one asset, in its own name for it and in decimal text."""

    asset: str
    amount: str


class LpExecutionPage(msgspec.Struct, frozen=True, kw_only=True):
    """`complete` is False when the limit cut the list: ask again for a narrower window."""

    executions: tuple[LpExecution, ...]
    complete: bool
