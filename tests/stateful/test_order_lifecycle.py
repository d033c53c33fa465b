"""One accepted quote, an LP whose truth we cannot see, and a network that loses what it likes.

Whatever is lost, late or repeated: the order never says more than the LP did, a final order stays
as it is, and the customer is filled once, as quoted, or not at all.
"""

from datetime import timedelta
from enum import Enum
from typing import Final

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.liquidity.outcome import Filled, NotSeen, Outcome, Pending, Unknown
from domain.liquidity.outcome import Rejected as LpRejected
from domain.liquidity.proofs import Absence
from domain.liquidity.resolution import (
    AlreadySettled,
    AttemptState,
    AttemptStatus,
    KeepLooking,
    Settle,
    decide,
)
from domain.orders.events import (
    FillRecorded,
    LpPending,
    OrderEvent,
    OutcomeBecameUnknown,
    Rejected,
    Submitted,
)
from domain.orders.lifecycle import OrderTransitionInvalid, apply
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.shared.side import Side
from tests.unit.domain.builders import NOW, ORDER_ID, rfq_order, whole_fill

MARGIN: Final = timedelta(seconds=60)
LP_EXPIRES_AT: Final = NOW + timedelta(seconds=10)
# The LP's clock may be behind ours by less than the margin.
LP_CLOCK_LAG: Final = timedelta(seconds=59)


class Truth(Enum):
    """What really happened at the LP."""

    NOTHING = "nothing"
    QUEUED = "queued"
    EXECUTED = "executed"
    REFUSED = "refused"


TABLE: Final = Absence(witnesses=("order", "trades"), after="its expiry")


class OrderLifecycleMachine(RuleBasedStateMachine):
    order: Order
    attempt: AttemptState

    @initialize(side=st.sampled_from(Side), proves_absence=st.booleans())
    def quote_is_accepted(self, side: Side, proves_absence: bool) -> None:
        self.now = NOW
        self.order = rfq_order(side)
        self.quoted = self.order
        self.attempt = AttemptState(
            status=AttemptStatus.SENDING,
            lp_expires_at=LP_EXPIRES_AT,
            absence=TABLE if proves_absence else None,
            looks=0,
        )
        self.truth = Truth.NOTHING
        self.in_flight = True
        self.events_applied = 0
        self.final: Order | None = None
        self.happens(Submitted(order_id=ORDER_ID, at=self.now))

    def happens(self, event: OrderEvent) -> None:
        self.order = apply(self.order, event)
        self.events_applied += 1
        if self.order.is_final:
            self.final = self.order

    @rule(seconds=st.sampled_from([5, 71, 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.in_flight)
    @rule(truth=st.sampled_from([Truth.EXECUTED, Truth.QUEUED, Truth.REFUSED]))
    def request_arrives(self, truth: Truth) -> None:
        """However late, or never. An expired quote is refused, if the LP proves absence."""
        self.in_flight = False
        expired = self.now - LP_CLOCK_LAG >= LP_EXPIRES_AT
        refuses = expired and self.attempt.absence is not None
        self.truth = Truth.REFUSED if refuses else truth

    @precondition(lambda self: self.truth is Truth.QUEUED)
    @rule(truth=st.sampled_from([Truth.EXECUTED, Truth.REFUSED]))
    def lp_decides(self, truth: Truth) -> None:
        self.truth = truth

    @rule(sight=st.sampled_from(["clear", "failed", "lagging", "bold"]))
    def execution_is_looked_up(self, sight: str) -> None:
        """`lagging` misses any record; `bold` does before it is complete and claims authority."""
        self.conclude(self.seen(sight))

    def seen(self, sight: str) -> Outcome | NotSeen:
        if sight == "failed":
            return Unknown(cause="503")
        if sight == "lagging":
            return NotSeen(authoritative=False, detail="one witness")
        record_complete = self.now > LP_EXPIRES_AT + MARGIN
        if sight == "bold" and (self.truth is Truth.NOTHING or not record_complete):
            return NotSeen(authoritative=True, detail="all witnesses", witnesses=TABLE.witnesses)
        match self.truth:
            case Truth.EXECUTED:
                return Filled(
                    lp_execution_id="x-1", base_units=1, quote_units=1, executed_at=self.now
                )
            case Truth.REFUSED:
                return LpRejected(reason="expired", detail="")
            case Truth.QUEUED:
                return Pending(lp_execution_id="x-1")
            case Truth.NOTHING:
                return NotSeen(
                    authoritative=record_complete,
                    detail="no record",
                    witnesses=TABLE.witnesses,
                )

    def conclude(self, seen: Outcome | NotSeen) -> None:
        match decide(self.attempt, seen, now=self.now, margin=MARGIN):
            case Settle(outcome=Filled()):
                self.turn(AttemptStatus.FILLED)
                fill = whole_fill(self.order)
                self.happens(FillRecorded(order_id=ORDER_ID, at=self.now, fill=fill))
            case Settle(outcome=LpRejected(reason=reason)):
                self.turn(AttemptStatus.REJECTED)
                self.happens(Rejected(order_id=ORDER_ID, at=self.now, reason=reason))
            case KeepLooking(outcome=Pending(lp_execution_id=reference)):
                self.turn(AttemptStatus.PENDING)
                event = LpPending(order_id=ORDER_ID, at=self.now, lp_execution_id=reference)
                self.happens(event)
            case KeepLooking(outcome=Unknown(cause=cause)):
                self.turn(AttemptStatus.UNKNOWN)
                self.happens(OutcomeBecameUnknown(order_id=ORDER_ID, at=self.now, cause=cause))
            case AlreadySettled(contradicted=contradicted):
                assert not contradicted or isinstance(seen, NotSeen)

    def turn(self, status: AttemptStatus) -> None:
        self.attempt = msgspec.structs.replace(
            self.attempt, status=status, looks=self.attempt.looks + 1
        )

    @invariant()
    def order_that_may_have_traded_is_not_handed_over_again(self) -> None:
        if self.final is not None or self.order.outcome is OutcomeFlag.UNKNOWN:
            self.must_refuse(Submitted(order_id=ORDER_ID, at=self.now))

    @invariant()
    def final_order_takes_no_late_news(self) -> None:
        if self.final is not None:
            fill = whole_fill(self.quoted)
            self.must_refuse(FillRecorded(order_id=ORDER_ID, at=self.now, fill=fill))
            self.must_refuse(Rejected(order_id=ORDER_ID, at=self.now, reason="late"))

    def must_refuse(self, event: OrderEvent) -> None:
        try:
            apply(self.order, event)
        except OrderTransitionInvalid:
            return
        raise AssertionError(f"{type(event).__name__} was taken by a {self.order.status} order")

    @invariant()
    def order_says_no_more_than_the_lp_did(self) -> None:
        if self.order.status is OrderStatus.FILLED:
            assert self.truth is Truth.EXECUTED
        if self.order.status is OrderStatus.REJECTED:
            assert self.truth in (Truth.NOTHING, Truth.REFUSED)

    @invariant()
    def final_order_stays_as_it_is(self) -> None:
        assert self.final is None or self.order == self.final

    @invariant()
    def customer_is_filled_once_as_quoted_or_not_at_all(self) -> None:
        filled = (self.order.filled_base_units, self.order.filled_quote_units)
        quoted = (self.quoted.base_units, self.quoted.quote_units)
        assert filled == (quoted if self.order.status is OrderStatus.FILLED else (0, 0))

    @invariant()
    def every_event_is_one_version(self) -> None:
        assert self.order.version == 1 + self.events_applied

    @invariant()
    def unknown_is_said_exactly_while_it_is_so(self) -> None:
        unknown = self.attempt.status is AttemptStatus.UNKNOWN
        assert (self.order.outcome is OutcomeFlag.UNKNOWN) == unknown


# The dangerous histories are few: a request that arrives after its absence was believed.
EXAMPLES_FACTOR: Final = 4

TestOrderLifecycle = OrderLifecycleMachine.TestCase
TestOrderLifecycle.settings = settings(max_examples=EXAMPLES_FACTOR * settings().max_examples)
