"""Waking a worker up. What there is to do stands in our own rows; a ring carries only its kind."""

from abc import abstractmethod
from enum import StrEnum
from typing import Protocol


class JobKind(StrEnum):
    SETTLE_EXECUTION = "settle_execution"
    MIRROR = "mirror"
    RELAY_EVENTS = "relay_events"
    EXPIRE_QUOTES = "expire_quotes"
    EXPIRE_HOLDS = "expire_holds"
    FOLD_LEDGER = "fold_ledger"
    SEAL_LEDGER = "seal_ledger"
    MAKE_PARTITIONS = "make_partitions"
    FORGET_WEBHOOKS = "forget_webhooks"
    RECONCILE = "reconcile"
    REFILL_QUOTAS = "refill_quotas"
    OPEN_SETTLEMENTS = "open_settlements"


class JobBell(Protocol):
    @abstractmethod
    async def ring(self, kind: JobKind) -> bool:
        """Somebody will look after work of this kind soon. False if that was so already.

        Rings may be lost and may be heard twice: neither changes what is done, only when. Never
        rung inside a transaction. Raises whatever the queue's driver raises.
        """
        ...
