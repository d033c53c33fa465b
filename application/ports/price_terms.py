"""Rate sheets and the guard's limits: proposed by one operator, approved by another, never changed.

What was approved last for an instrument is in force: `PlatformView.guard`.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

from application.ports.change_requests import ChangeState
from domain.liquidity.guard_limits import GuardLimits
from domain.liquidity.reference import RateSheet
from domain.shared.ids import ChangeRequestId
from domain.tenants.operator import Operator

Terms: TypeAlias = RateSheet | GuardLimits


class PriceTerms(msgspec.Struct, frozen=True, kw_only=True):
    """`decided_by` is None while it is only proposed. Whoever rejects may be who proposed."""

    id: ChangeRequestId
    instrument: str
    terms: Terms
    reason: str
    state: ChangeState
    proposed_by: Operator
    proposed_at: datetime
    decided_by: Operator | None = None
    decided_at: datetime | None = None


class PriceTermsBook(Protocol):
    """Operators only. Each call is a transaction of its own."""

    @abstractmethod
    async def propose(
        self,
        terms_id: ChangeRequestId,
        *,
        instrument: str,
        terms: Terms,
        reason: str,
        by: Operator,
    ) -> PriceTerms:
        """Raises `NotFound` for an instrument that is not listed."""
        ...

    @abstractmethod
    async def decide(
        self, terms_id: ChangeRequestId, state: ChangeState, *, by: Operator
    ) -> PriceTerms:
        """By the store's clock. A sheet's age counts from here.

        Raises `NotFound`, `ChangeDecided`, and `SecondOperatorRequired` when the person who
        proposed it applies it.
        """
        ...

    @abstractmethod
    async def page(
        self, *, instrument: str | None = None, state: ChangeState | None = None, limit: int
    ) -> tuple[PriceTerms, ...]:
        """Newest first."""
        ...
