from adapters.memory.store import Rows
from application.ports.change_requests import (
    AccountChange,
    ChangeRequest,
    ChangeState,
    RecordedChange,
)
from application.ports.corrections import Correction
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import AccountId, ChangeRequestId, TransactionId
from domain.tenants.operator import require_second_person


class MemoryChangeRequests:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, request: ChangeRequest) -> None:
        self._rows.change_requests.add(request.id, request)

    async def get(self, request_id: ChangeRequestId) -> ChangeRequest:
        await self._rows.change_requests.lock(request_id)
        request = self._rows.change_requests.get(request_id)
        if request is None:
            raise NotFound("no such change request")
        return request

    async def decide(self, request: ChangeRequest) -> None:
        if request.decided_by is None:
            raise InvariantViolation("a decision has somebody who made it")
        if request.state is ChangeState.APPLIED:
            require_second_person(request.proposed_by, request.decided_by)
        self._rows.change_requests.put(request.id, request)

    async def page(
        self, state: ChangeState | None, *, before: ChangeRequestId | None = None, limit: int
    ) -> tuple[ChangeRequest, ...]:
        found = [
            each
            for each in self._rows.change_requests.values()
            if (state is None or each.state is state) and (before is None or each.id < before)
        ]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True)[:limit])


class MemoryAccountChanges:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def record(self, change: AccountChange) -> None:
        request, before, after = change.request, change.before, change.after
        if request.decided_by is None or before.floor_units is None or after.floor_units is None:
            raise InvariantViolation("a strict account is changed once somebody has approved it")
        recorded = RecordedChange(
            change_id=request.id,
            account_id=after.id,
            floor_before=before.floor_units,
            floor_after=after.floor_units,
            status_before=before.status.value,
            status_after=after.status.value,
            reason=request.reason,
            proposed_by=request.proposed_by.name,
            approved_by=request.decided_by.name,
            changed_at=self._rows.session.now(),
        )
        self._rows.account_changes.add((after.id, request.id), recorded)

    async def of(self, account_id: AccountId) -> tuple[RecordedChange, ...]:
        found = [
            each for each in self._rows.account_changes.values() if each.account_id == account_id
        ]
        return tuple(sorted(found, key=lambda each: (each.changed_at, each.change_id)))


class MemoryCorrections:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, correction: Correction) -> None:
        self._rows.corrections.add(correction.transaction_id, correction)

    async def of(self, transaction_id: TransactionId) -> Correction | None:
        return self._rows.corrections.get(transaction_id)
