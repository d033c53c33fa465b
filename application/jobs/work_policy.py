"""How each kind of work is leased and tried again."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from application.ports.intents import IntentKind
from domain.jobs.retry import RetryPolicy
from domain.shared.ids import IdPrefix

# Longer than a run may take (see the queue's timeout), so that nobody else is at it meanwhile.
LEASE: Final = timedelta(seconds=30)
# From so many failures in a row it is no accident: shown as failing, to be looked at.
FAILING_FROM: Final = 5
# Due for longer than this, work is not being done: no worker, or one that cannot keep up.
LAG_MAX: Final = timedelta(minutes=1)


class WorkPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` is what it is about, as the prefix of its id."""

    subject: IdPrefix
    lease: timedelta
    retry: RetryPolicy


WORK: Final[Mapping[IntentKind, WorkPolicy]] = MappingProxyType(
    {
        # Never given up: the order and its hold wait for proof, and a count of failures is none
        # (docs/adr/0006).
        IntentKind.SETTLE_EXECUTION: WorkPolicy(
            subject=IdPrefix.ORDER,
            lease=LEASE,
            retry=RetryPolicy(first_ms=500, ceiling_ms=60_000, failures_max=None),
        ),
        # About a quarter of an hour in all: longer than what mends itself takes.
        IntentKind.MIRROR: WorkPolicy(
            subject=IdPrefix.TRANSACTION,
            lease=LEASE,
            retry=RetryPolicy(first_ms=500, ceiling_ms=120_000, failures_max=20),
        ),
    }
)
