"""Named places where a test may stop a process dead. In production nothing is armed.

A handler is installed once, at start, by the wiring; without one, reaching a point costs a global
look-up. Names are listed here so that a driver can visit them all.
"""

from collections.abc import Awaitable, Callable
from typing import Final

Handler = Callable[[str], Awaitable[None]]

ACCEPT_BEFORE_RESERVE: Final = "accept_quote.before_reserve_commits"
ACCEPT_RESERVED: Final = "accept_quote.reserved"
ACCEPT_BEFORE_LP: Final = "accept_quote.before_lp_is_called"
ACCEPT_LP_ANSWERED: Final = "accept_quote.lp_answered"
RECORD_BEFORE_COMMIT: Final = "record_outcome.before_commit"
RECORD_COMMITTED: Final = "record_outcome.committed"
RESOLVE_LEASED: Final = "resolve_execution.leased"
RESOLVE_LOOKED: Final = "resolve_execution.lp_looked_up"
MIRROR_LEASED: Final = "mirror.leased"
MIRROR_BEFORE_HOUSE: Final = "mirror.before_house_commits"
MIRROR_HOUSE_POSTED: Final = "mirror.house_posted"
SCHEDULE_BEGUN: Final = "schedule.begun"
SCHEDULE_RAN: Final = "schedule.ran"
RELAY_TENANT_FOUND: Final = "relay_events.tenant_found"
RELAY_BEFORE_COMMIT: Final = "relay_events.before_numbers_commit"
RELAY_COMMITTED: Final = "relay_events.numbers_committed"
WEBHOOK_BEFORE_SEND: Final = "webhook.before_send"
WEBHOOK_SENT: Final = "webhook.sent"
WEBHOOK_RECORDED: Final = "webhook.recorded"

ALL: Final = (
    ACCEPT_BEFORE_RESERVE,
    ACCEPT_RESERVED,
    ACCEPT_BEFORE_LP,
    ACCEPT_LP_ANSWERED,
    RECORD_BEFORE_COMMIT,
    RECORD_COMMITTED,
    RESOLVE_LEASED,
    RESOLVE_LOOKED,
    MIRROR_LEASED,
    MIRROR_BEFORE_HOUSE,
    MIRROR_HOUSE_POSTED,
    SCHEDULE_BEGUN,
    SCHEDULE_RAN,
    RELAY_TENANT_FOUND,
    RELAY_BEFORE_COMMIT,
    RELAY_COMMITTED,
    WEBHOOK_BEFORE_SEND,
    WEBHOOK_SENT,
    WEBHOOK_RECORDED,
)

_handler: Handler | None = None


def install(handler: Handler | None) -> None:
    global _handler  # noqa: PLW0603 - one switch per process, set before the first request
    _handler = handler


async def reach(point: str) -> None:
    if _handler is not None:
        await _handler(point)
