"""Incidents of executions, and the evidence that people attach to an order."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import msgspec

from domain.orders.incident import ExecutionIncident
from domain.shared.ids import EvidenceId, IncidentId, OrderId
from domain.tenants.operator import Operator


class ExecutionIncidents(Protocol):
    @abstractmethod
    async def open(self, incident: ExecutionIncident) -> bool:
        """False when the same attempt has an incident of that kind: the first one stands."""
        ...

    @abstractmethod
    async def get(self, incident_id: IncidentId) -> ExecutionIncident:
        """Locks it until the transaction ends. Raises `NotFound`."""
        ...

    @abstractmethod
    async def close(self, incident: ExecutionIncident) -> None:
        """Writes who closed a locked incident, when and why."""
        ...

    @abstractmethod
    async def page(
        self, *, is_open: bool | None = None, before: IncidentId | None = None, limit: int
    ) -> tuple[ExecutionIncident, ...]:
        """Newest first."""
        ...


class OrderEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says proves an outcome. `sha256` is of `content`, never changed or deleted."""

    id: EvidenceId
    order_id: OrderId
    name: str
    content: bytes
    sha256: bytes
    added_by: Operator
    added_at: datetime


class OrderEvidences(Protocol):
    @abstractmethod
    async def add(self, evidence: OrderEvidence) -> None: ...

    @abstractmethod
    async def of_order(self, order_id: OrderId, *, limit: int) -> tuple[OrderEvidence, ...]:
        """Oldest first."""
        ...
