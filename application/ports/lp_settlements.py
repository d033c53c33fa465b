"""Settlements with LPs, in the house's rows, and every step that was taken with one."""

from abc import abstractmethod
from datetime import date, datetime
from typing import Final, Protocol

import msgspec

from application.ports.lp_capacity import CapacityKey
from domain.liquidity.netting import Action, LpSettlement, SettlementState
from domain.liquidity.quote import LpName
from domain.shared.ids import SettlementId, TransactionId
from domain.tenants.operator import Operator

STEPS_MAX: Final = 1_000
# What these booked settles; everything else on an LP's account is to be settled.
PAYMENTS: Final = ("lp_settlement_paid", "lp_settlement_received")


class SettlementStep(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `version` are those after it; `by` is None for what a worker did."""

    version: int
    action: Action
    state: SettlementState
    units: int | None = None
    by: Operator | None = None
    note: str | None = None
    transaction_id: TransactionId | None = None
    at: datetime


class SettlementFilter(msgspec.Struct, frozen=True, kw_only=True):
    lp: LpName | None = None
    state: SettlementState | None = None


class LpSettlements(Protocol):
    """Within a transaction of the house. Steps are never changed."""

    @abstractmethod
    async def last(self, key: CapacityKey) -> LpSettlement | None:
        """The newest of this LP and asset."""
        ...

    @abstractmethod
    async def get(self, settlement_id: SettlementId) -> LpSettlement:
        """Locks it until the transaction ends. Raises `NotFound`."""
        ...

    @abstractmethod
    async def add(self, settlement: LpSettlement, step: SettlementStep) -> bool:
        """False when somebody else opened this one, or when the one before it is open."""
        ...

    @abstractmethod
    async def update(self, settlement: LpSettlement, step: SettlementStep) -> None:
        """Of a locked settlement.

        Raises `SecondOperatorRequired` when a payment is made by who proposed it, whatever the
        caller has checked.
        """
        ...

    @abstractmethod
    async def net(
        self, key: CapacityKey, *, since: datetime | None, until: datetime
    ) -> tuple[int, int]:
        """What was booked with the LP in [`since`, `until`) but for payments, and of how many
        entries. Exact once booking before `until` is closed.
        """
        ...

    @abstractmethod
    async def owed_to_us(self, lp: LpName, value_date: date) -> int:
        """How many of the LP's settlements of that day it has to pay and has not paid in full."""
        ...

    @abstractmethod
    async def steps(self, settlement_id: SettlementId) -> tuple[SettlementStep, ...]:
        """Oldest first, `STEPS_MAX` at most."""
        ...

    @abstractmethod
    async def page(
        self, wanted: SettlementFilter, *, before: SettlementId | None, limit: int
    ) -> tuple[LpSettlement, ...]:
        """Newest first."""
        ...
