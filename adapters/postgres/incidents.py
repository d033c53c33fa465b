from adapters.postgres.connection import Connection, Row
from application.ports.incidents import OrderEvidence
from domain.liquidity.quote import LpName
from domain.orders.incident import ExecutionIncident, IncidentKind, Legs
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import EvidenceId, IncidentId, OperatorId, OrderId, TenantId
from domain.tenants.operator import Operator

INCIDENT = """id, order_id, attempt, lp, kind, quoted_base_units, quoted_quote_units,
  reported_base_units, reported_quote_units, detail, opened_at, closed_at, closed_by,
  closed_by_name, note"""
OPEN = """
INSERT INTO execution_incidents (tenant_id, id, order_id, attempt, lp, kind, quoted_base_units,
  quoted_quote_units, reported_base_units, reported_quote_units, detail, state, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12)
ON CONFLICT ON CONSTRAINT execution_incidents_once DO NOTHING RETURNING 1
"""
CLOSE = """
UPDATE execution_incidents
SET state = 'closed', closed_at = $3, closed_by = $4, closed_by_name = $5, note = $6
WHERE tenant_id = $1 AND id = $2 AND state = 'open' RETURNING 1
"""
GET = f"""
SELECT {INCIDENT} FROM execution_incidents WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE
"""
PAGE = f"""
SELECT {INCIDENT} FROM execution_incidents
WHERE tenant_id = $1 AND ($2::boolean IS NULL OR (state = 'open') = $2)
  AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4
"""
EVIDENCE = "id, order_id, name, content, sha256, added_by, added_by_name, added_at"
ADD_EVIDENCE = f"""
INSERT INTO order_evidence (tenant_id, {EVIDENCE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
OF_ORDER = f"""
SELECT {EVIDENCE} FROM order_evidence WHERE tenant_id = $1 AND order_id = $2
ORDER BY id LIMIT $3
"""


class PostgresExecutionIncidents:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def open(self, incident: ExecutionIncident) -> bool:
        reported = incident.reported
        done = await self._connection.fetchval(
            OPEN,
            self._tenant_id,
            incident.id,
            incident.order_id,
            incident.attempt,
            incident.lp,
            incident.kind.value,
            incident.quoted.base_units,
            incident.quoted.quote_units,
            None if reported is None else reported.base_units,
            None if reported is None else reported.quote_units,
            incident.detail,
            incident.opened_at,
        )
        return done is not None

    async def get(self, incident_id: IncidentId) -> ExecutionIncident:
        row = await self._connection.fetchrow(GET, self._tenant_id, incident_id)
        if row is None:
            raise NotFound("no such incident")
        return _incident(row)

    async def close(self, incident: ExecutionIncident) -> None:
        by = incident.closed_by
        if by is None:
            raise InvariantViolation("a closed incident has somebody who closed it")
        done = await self._connection.fetchval(
            CLOSE,
            self._tenant_id,
            incident.id,
            incident.closed_at,
            by.id,
            by.name,
            incident.note,
        )
        if done is None:
            raise InvariantViolation("an incident is closed once, under its lock")

    async def page(
        self, *, is_open: bool | None = None, before: IncidentId | None = None, limit: int
    ) -> tuple[ExecutionIncident, ...]:
        rows = await self._connection.fetch(PAGE, self._tenant_id, is_open, before, limit)
        return tuple(_incident(row) for row in rows)


class PostgresOrderEvidences:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, evidence: OrderEvidence) -> None:
        await self._connection.execute(
            ADD_EVIDENCE,
            self._tenant_id,
            evidence.id,
            evidence.order_id,
            evidence.name,
            evidence.content,
            evidence.sha256,
            evidence.added_by.id,
            evidence.added_by.name,
            evidence.added_at,
        )

    async def of_order(self, order_id: OrderId, *, limit: int) -> tuple[OrderEvidence, ...]:
        rows = await self._connection.fetch(OF_ORDER, self._tenant_id, order_id, limit)
        return tuple(
            OrderEvidence(
                id=EvidenceId(row["id"]),
                order_id=OrderId(row["order_id"]),
                name=row["name"],
                content=row["content"],
                sha256=row["sha256"],
                added_by=Operator(OperatorId(row["added_by"]), row["added_by_name"]),
                added_at=row["added_at"],
            )
            for row in rows
        )


def _incident(row: Row) -> ExecutionIncident:
    reported = (row["reported_base_units"], row["reported_quote_units"])
    closed_by = row["closed_by"]
    return ExecutionIncident(
        id=IncidentId(row["id"]),
        order_id=OrderId(row["order_id"]),
        attempt=row["attempt"],
        lp=LpName(row["lp"]),
        kind=IncidentKind(row["kind"]),
        quoted=Legs(row["quoted_base_units"], row["quoted_quote_units"]),
        reported=None if reported[0] is None else Legs(*reported),
        detail=row["detail"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=None
        if closed_by is None
        else Operator(OperatorId(closed_by), row["closed_by_name"]),
        note=row["note"],
    )
