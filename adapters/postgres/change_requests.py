"""Change requests, what they made of accounts, and why postings were taken back."""

import asyncpg
import msgspec

from adapters.postgres.connection import Connection, Row
from application.ports.change_requests import (
    AccountChange,
    Change,
    ChangeRequest,
    ChangeState,
    RecordedChange,
    kind_of,
)
from application.ports.corrections import Correction
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import AccountId, ChangeRequestId, OperatorId, TenantId, TransactionId
from domain.tenants.operator import Operator, SecondOperatorRequired

FOUR_EYES = "change_requests_four_eyes"
REQUEST = """id, change, reason, state, proposed_by, proposed_by_name, proposed_at, decided_by,
  decided_by_name, decided_at"""
ADD = """
INSERT INTO change_requests (tenant_id, id, kind, change, reason, state, proposed_by,
  proposed_by_name, proposed_at)
VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7, $8)
"""
DECIDE = """
UPDATE change_requests
SET state = $3, decided_by = $4, decided_by_name = $5, decided_at = $6
WHERE tenant_id = $1 AND id = $2 AND state = 'proposed' RETURNING 1
"""
CHANGE = """account_id, change_id, floor_before, floor_after, status_before, status_after, reason,
  proposed_by, approved_by"""
CORRECTION = "transaction_id, reverses, reason, made_by, made_at"

_DECODER: msgspec.json.Decoder[Change] = msgspec.json.Decoder(Change)


class PostgresChangeRequests:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, request: ChangeRequest) -> None:
        await self._connection.execute(
            ADD,
            self._tenant_id,
            request.id,
            kind_of(request.change),
            msgspec.json.encode(request.change),
            request.reason,
            request.proposed_by.id,
            request.proposed_by.name,
            request.proposed_at,
        )

    async def get(self, request_id: ChangeRequestId) -> ChangeRequest:
        row = await self._connection.fetchrow(
            f"SELECT {REQUEST} FROM change_requests WHERE tenant_id = $1 AND id = $2 "
            "FOR NO KEY UPDATE",
            self._tenant_id,
            request_id,
        )
        if row is None:
            raise NotFound("no such change request")
        return _request(row)

    async def decide(self, request: ChangeRequest) -> None:
        decided_by = request.decided_by
        if decided_by is None:
            raise InvariantViolation("a decision has somebody who made it")
        try:
            done = await self._connection.fetchval(
                DECIDE,
                self._tenant_id,
                request.id,
                request.state.value,
                decided_by.id,
                decided_by.name,
                request.decided_at,
            )
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != FOUR_EYES:
                raise
            raise SecondOperatorRequired("another operator has to approve it") from error
        if done is None:
            raise InvariantViolation("a change request is decided once, under its lock")

    async def page(
        self, state: ChangeState | None, *, before: ChangeRequestId | None = None, limit: int
    ) -> tuple[ChangeRequest, ...]:
        rows = await self._connection.fetch(
            f"SELECT {REQUEST} FROM change_requests "
            "WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2) "
            "AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
            self._tenant_id,
            None if state is None else state.value,
            before,
            limit,
        )
        return tuple(_request(row) for row in rows)


class PostgresAccountChanges:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def record(self, change: AccountChange) -> None:
        request = change.request
        if request.decided_by is None:
            raise InvariantViolation("an account is changed once somebody has approved it")
        await self._connection.execute(
            f"INSERT INTO ledger_account_changes (tenant_id, {CHANGE}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self._tenant_id,
            change.after.id,
            request.id,
            change.before.floor_units,
            change.after.floor_units,
            change.before.status.value,
            change.after.status.value,
            request.reason,
            request.proposed_by.name,
            request.decided_by.name,
        )

    async def of(self, account_id: AccountId) -> tuple[RecordedChange, ...]:
        rows = await self._connection.fetch(
            f"SELECT {CHANGE}, changed_at FROM ledger_account_changes "
            "WHERE tenant_id = $1 AND account_id = $2 ORDER BY changed_at, change_id",
            self._tenant_id,
            account_id,
        )
        return tuple(RecordedChange(**row) for row in rows)


class PostgresCorrections:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, correction: Correction) -> None:
        await self._connection.execute(
            f"INSERT INTO ledger_corrections (tenant_id, {CORRECTION}) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            self._tenant_id,
            correction.transaction_id,
            correction.reverses,
            correction.reason,
            correction.made_by,
            correction.made_at,
        )

    async def of(self, transaction_id: TransactionId) -> Correction | None:
        row = await self._connection.fetchrow(
            f"SELECT {CORRECTION} FROM ledger_corrections "
            "WHERE tenant_id = $1 AND transaction_id = $2",
            self._tenant_id,
            transaction_id,
        )
        return None if row is None else Correction(**row)


def _request(row: Row) -> ChangeRequest:
    decided_by = row["decided_by"]
    return ChangeRequest(
        id=ChangeRequestId(row["id"]),
        change=_DECODER.decode(row["change"]),
        reason=row["reason"],
        state=ChangeState(row["state"]),
        proposed_by=Operator(OperatorId(row["proposed_by"]), row["proposed_by_name"]),
        proposed_at=row["proposed_at"],
        decided_by=None
        if decided_by is None
        else Operator(OperatorId(decided_by), row["decided_by_name"]),
        decided_at=row["decided_at"],
    )
