"""What can go wrong at the LP in process, by the names the simulators use on the wire."""

from enum import StrEnum

import msgspec

from domain.liquidity.quote import QuoteRefusal


class Fault(StrEnum):
    """`execute_not_sent` has no counterpart on the wire, where nothing can be seen of it."""

    QUOTE_5XX = "quote_5xx"
    QUOTE_429 = "quote_429"
    QUOTE_INSUFFICIENT_FUNDS_NO_ID = "quote_insufficient_funds_no_id"
    EXECUTE_NOT_SENT = "execute_not_sent"
    EXECUTE_TIMEOUT_AFTER_COMMIT = "execute_timeout_after_commit"
    EXECUTE_TIMEOUT_BEFORE_COMMIT = "execute_timeout_before_commit"
    EXECUTE_ASYNC_PENDING = "execute_async_pending"
    LAST_LOOK_REJECT = "last_look_reject"
    EXPIRED = "expired"
    AMOUNTS_DIFFER_FROM_QUOTE = "amounts_differ_from_quote"
    UNKNOWN_ENUM = "unknown_enum"
    LOOKUP_404_THEN_FOUND = "lookup_404_then_found"
    LOOKUP_404_FOREVER = "lookup_404_forever"
    LOOKUP_5XX = "lookup_5xx"


QUOTE_FAULTS = {
    Fault.QUOTE_5XX: QuoteRefusal.UNAVAILABLE,
    Fault.QUOTE_429: QuoteRefusal.RATE_LIMITED,
    Fault.QUOTE_INSUFFICIENT_FUNDS_NO_ID: QuoteRefusal.INSUFFICIENT_LP_BALANCE,
}


class Armed(msgspec.Struct, kw_only=True):
    """`remaining` None: until disarmed. `lookups`, `fails` and `bps` as on the simulators."""

    fault: Fault
    remaining: int | None = 1
    lookups: int = 2
    fails: bool = False
    bps: int = 10


class FaultQueue:
    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def arm(self, armed: Armed) -> None:
        self._armed.append(armed)

    def disarm(self) -> None:
        self._armed.clear()

    def take(self, *faults: Fault, scenario: str | None = None) -> Armed | None:
        """The first of these that is armed, or that the caller's own `scenario` names."""
        for armed in self._armed:
            if armed.fault in faults:
                self._count_down(armed)
                return armed
        named = next((fault for fault in faults if fault == scenario), None)
        return None if named is None else Armed(fault=named)

    def _count_down(self, armed: Armed) -> None:
        if armed.remaining is None:
            return
        armed.remaining -= 1
        if armed.remaining == 0:
            self._armed.remove(armed)
