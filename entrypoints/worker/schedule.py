"""How often each kind of work is looked for, and when time alone makes it due."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from application.ports.bell import JobKind
from application.ports.intents import IntentKind
from domain.jobs.retry import RetryPolicy
from domain.jobs.timetable import Timetable

# Somebody waits for these, so the ringer looks often; rows of ours say whether any are due.
WAITED_FOR: Final[Mapping[JobKind, IntentKind]] = MappingProxyType(
    {
        JobKind.SETTLE_EXECUTION: IntentKind.SETTLE_EXECUTION,
        JobKind.MIRROR: IntentKind.MIRROR,
    }
)
LOOK_EVERY: Final = timedelta(milliseconds=250)

# These are at it all the time, in every worker: their turn comes too often for a bell or a row, and
# the database keeps them apart.
ALWAYS: Final[Mapping[JobKind, timedelta]] = MappingProxyType(
    {JobKind.RELAY_EVENTS: timedelta(milliseconds=200)}
)

# The sweeper asks no queue: it runs what is waited for itself, as often as a lost ring may cost.
SWEEP_EVERY: Final = timedelta(seconds=5)

# For these time itself is the reason. When each ran last stands in a row that all workers share, so
# one of them does it, and what fell into a time without workers is made up for.
BY_TIME: Final[Mapping[JobKind, Timetable]] = MappingProxyType(
    {
        JobKind.EXPIRE_QUOTES: Timetable(every=timedelta(seconds=5)),
        JobKind.EXPIRE_HOLDS: Timetable(every=timedelta(seconds=5)),
        JobKind.FOLD_LEDGER: Timetable(every=timedelta(seconds=2)),
        JobKind.SEAL_LEDGER: Timetable(every=timedelta(seconds=10)),
        JobKind.MAKE_PARTITIONS: Timetable(every=timedelta(days=1)),
        # A tenant's run is bounded; so often, it keeps up with a tenant that is told a lot.
        JobKind.FORGET_WEBHOOKS: Timetable(every=timedelta(minutes=10)),
        JobKind.REFILL_QUOTAS: Timetable(every=timedelta(seconds=5)),
        JobKind.OPEN_SETTLEMENTS: Timetable(every=timedelta(minutes=10)),
        # After the day has ended for everybody we trade with, before anybody starts work.
        JobKind.RECONCILE: Timetable(
            every=timedelta(days=1), offset=timedelta(hours=3), at_once=False
        ),
    }
)
TICK: Final = timedelta(seconds=1)
# Renewed while a run goes on; so long does it take until another takes over from one that died.
RUN_LEASE: Final = timedelta(seconds=15)
RENEW_EVERY: Final = RUN_LEASE / 3
# What failed is tried again soon, however seldom it is due.
RUN_RETRY: Final = RetryPolicy(first_ms=60_000, ceiling_ms=3_600_000, failures_max=None)
# Behind by so much, something keeps it from running: `aksum doctor` says so.
OVERDUE_AFTER: Final = timedelta(minutes=5)
