"""How often each kind of work is looked for."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from application.ports.bell import JobKind
from application.ports.intents import IntentKind

# Somebody waits for these, so the ringer looks often; rows of ours say whether any are due.
WAITED_FOR: Final[Mapping[JobKind, IntentKind]] = MappingProxyType(
    {
        JobKind.SETTLE_EXECUTION: IntentKind.SETTLE_EXECUTION,
        JobKind.MIRROR: IntentKind.MIRROR,
    }
)
LOOK_EVERY: Final = timedelta(milliseconds=250)

# For these time itself is the reason. Each run looks for what is due and mostly finds nothing.
BY_TIME: Final[Mapping[JobKind, timedelta]] = MappingProxyType(
    {
        JobKind.EXPIRE_QUOTES: timedelta(seconds=5),
        JobKind.EXPIRE_HOLDS: timedelta(seconds=5),
        JobKind.FOLD_LEDGER: timedelta(seconds=2),
        JobKind.SEAL_LEDGER: timedelta(seconds=10),
        JobKind.MAKE_PARTITIONS: timedelta(days=1),
        JobKind.FORGET_WEBHOOKS: timedelta(hours=1),
    }
)
TICK: Final = timedelta(seconds=1)

# The sweeper asks nobody: it runs the jobs itself, as often as a lost ring may cost.
SWEEP_EVERY: Final[Mapping[JobKind, timedelta]] = MappingProxyType(
    {
        JobKind.SETTLE_EXECUTION: timedelta(seconds=5),
        JobKind.MIRROR: timedelta(seconds=5),
        JobKind.EXPIRE_QUOTES: timedelta(seconds=15),
        JobKind.EXPIRE_HOLDS: timedelta(seconds=15),
        JobKind.FOLD_LEDGER: timedelta(seconds=15),
        JobKind.SEAL_LEDGER: timedelta(seconds=30),
        JobKind.MAKE_PARTITIONS: timedelta(days=1),
        JobKind.FORGET_WEBHOOKS: timedelta(hours=1),
    }
)
