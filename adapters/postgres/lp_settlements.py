"""Settlements with LPs and their steps: rows of the house."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from adapters.postgres.connection import EVER, UUID_MAX, Connection, Row
from application.ports.lp_capacity import CapacityKey
from application.ports.lp_settlements import PAYMENTS, STEPS_MAX, SettlementFilter, SettlementStep
from domain.ledger.chart import AccountCode
from domain.liquidity.netting import Action, LpSettlement, PaymentProposal, SettlementState
from domain.liquidity.quote import LpName
from domain.shared.errors import NotFound
from domain.shared.ids import OperatorId, SettlementId, TenantId, TransactionId
from domain.shared.money import AssetCode
from domain.tenants.operator import Operator, SecondOperatorRequired

FOUR_EYES: Final = "lp_settlement_steps_four_eyes"
COLUMNS: Final = (
    "id, lp, asset, number, state, since, until, value_date, net_units, entries, stated_units, "
    "stated_ref, settled_units, proposed_units, proposed_ref, proposed_by, proposed_by_name, "
    "reason, version, created_at, updated_at"
)
LAST = f"""
SELECT {COLUMNS} FROM lp_settlements WHERE tenant_id = $1 AND lp = $2 AND asset = $3
ORDER BY number DESC LIMIT 1
"""
GET = f"SELECT {COLUMNS} FROM lp_settlements WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
ADD = """
INSERT INTO lp_settlements (tenant_id, id, lp, asset, number, state, since, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING RETURNING 1
"""
UPDATE = """
UPDATE lp_settlements
SET state = $3, until = $4, value_date = $5, net_units = $6, entries = $7, stated_units = $8,
  stated_ref = $9, settled_units = $10, proposed_units = $11, proposed_ref = $12,
  proposed_by = $13, proposed_by_name = $14, reason = $15, version = $16, updated_at = $17
WHERE tenant_id = $1 AND id = $2
"""
STEP = """
INSERT INTO lp_settlement_steps (tenant_id, settlement_id, version, action, state, units, made_by,
  made_by_name, note, transaction_id, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
NET = """
SELECT coalesce(-sum(e.units), 0) AS net, count(*) AS entries
FROM ledger_accounts a
CROSS JOIN LATERAL (
  SELECT units, transaction_id FROM ledger_entries
  WHERE tenant_id = $1 AND account_id = a.id AND booked_at >= $5 AND booked_at < $6 OFFSET 0) e
CROSS JOIN LATERAL (
  SELECT template FROM ledger_transactions
  WHERE tenant_id = $1 AND id = e.transaction_id OFFSET 0) t
WHERE a.tenant_id = $1 AND a.code = $2 AND a.owner = $3 AND a.asset = $4
  AND t.template <> ALL ($7::text[])
"""
OWED_TO_US = """
SELECT count(*) FROM lp_settlements
WHERE tenant_id = $1 AND lp = $2 AND value_date = $3 AND state <> 'settled' AND net_units > 0
"""
STEPS = """
SELECT version, action, state, units, made_by, made_by_name, note, transaction_id, made_at
FROM lp_settlement_steps WHERE tenant_id = $1 AND settlement_id = $2 ORDER BY version LIMIT $3
"""
PAGE = f"""
SELECT {COLUMNS} FROM lp_settlements
WHERE tenant_id = $1 AND id < $2 AND lp = coalesce($3, lp) AND state = coalesce($4, state)
ORDER BY id DESC LIMIT $5
"""


class PostgresLpSettlements:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def last(self, key: CapacityKey) -> LpSettlement | None:
        row = await self._connection.fetchrow(LAST, self._tenant_id, *key)
        return None if row is None else _settlement(row)

    async def get(self, settlement_id: SettlementId) -> LpSettlement:
        row = await self._connection.fetchrow(GET, self._tenant_id, settlement_id)
        if row is None:
            raise NotFound("no such settlement")
        return _settlement(row)

    async def add(self, settlement: LpSettlement, step: SettlementStep) -> bool:
        made = await self._connection.fetchval(
            ADD,
            self._tenant_id,
            settlement.id,
            settlement.lp,
            settlement.asset,
            settlement.number,
            settlement.state.value,
            settlement.since,
            settlement.created_at,
        )
        if made is None:
            return False
        await self._record(settlement.id, step)
        return True

    async def update(self, settlement: LpSettlement, step: SettlementStep) -> None:
        await self._connection.execute(
            UPDATE, self._tenant_id, settlement.id, *_changing(settlement)
        )
        try:
            await self._record(settlement.id, step)
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != FOUR_EYES:
                raise
            raise SecondOperatorRequired(
                "another operator has to approve what you proposed"
            ) from error

    async def _record(self, settlement_id: SettlementId, step: SettlementStep) -> None:
        await self._connection.execute(
            STEP,
            self._tenant_id,
            settlement_id,
            step.version,
            step.action.value,
            step.state.value,
            step.units,
            None if step.by is None else step.by.id,
            None if step.by is None else step.by.name,
            step.note,
            step.transaction_id,
            step.at,
        )

    async def net(
        self, key: CapacityKey, *, since: datetime | None, until: datetime
    ) -> tuple[int, int]:
        row = await self._connection.fetchrow(
            NET,
            self._tenant_id,
            AccountCode.LP_SETTLEMENT.value,
            *key,
            since or EVER,
            until,
            list(PAYMENTS),
        )
        return (0, 0) if row is None else (row["net"], row["entries"])

    async def owed_to_us(self, lp: LpName, value_date: date) -> int:
        count: int = await self._connection.fetchval(OWED_TO_US, self._tenant_id, lp, value_date)
        return count

    async def steps(self, settlement_id: SettlementId) -> tuple[SettlementStep, ...]:
        rows = await self._connection.fetch(STEPS, self._tenant_id, settlement_id, STEPS_MAX)
        return tuple(_step(row) for row in rows)

    async def page(
        self, wanted: SettlementFilter, *, before: SettlementId | None, limit: int
    ) -> tuple[LpSettlement, ...]:
        rows = await self._connection.fetch(
            PAGE,
            self._tenant_id,
            before or UUID_MAX,
            wanted.lp,
            None if wanted.state is None else wanted.state.value,
            limit,
        )
        return tuple(_settlement(row) for row in rows)


def _changing(settlement: LpSettlement) -> tuple[object, ...]:
    proposal = settlement.proposal
    return (
        settlement.state.value,
        settlement.until,
        settlement.value_date,
        settlement.net_units,
        settlement.entries,
        settlement.stated_units,
        settlement.stated_ref,
        settlement.settled_units,
        None if proposal is None else proposal.units,
        None if proposal is None else proposal.ref,
        None if proposal is None else proposal.by.id,
        None if proposal is None else proposal.by.name,
        settlement.reason,
        settlement.version,
        settlement.updated_at,
    )


def _settlement(row: Row) -> LpSettlement:
    by = _operator(row["proposed_by"], row["proposed_by_name"])
    return LpSettlement(
        id=SettlementId(row["id"]),
        lp=LpName(row["lp"]),
        asset=AssetCode(row["asset"]),
        number=row["number"],
        state=SettlementState(row["state"]),
        since=row["since"],
        until=row["until"],
        value_date=row["value_date"],
        net_units=row["net_units"],
        entries=row["entries"],
        stated_units=row["stated_units"],
        stated_ref=row["stated_ref"],
        settled_units=row["settled_units"],
        proposal=(
            None
            if by is None
            else PaymentProposal(units=row["proposed_units"], ref=row["proposed_ref"], by=by)
        ),
        reason=row["reason"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _step(row: Row) -> SettlementStep:
    transaction_id = row["transaction_id"]
    return SettlementStep(
        version=row["version"],
        action=Action(row["action"]),
        state=SettlementState(row["state"]),
        units=row["units"],
        by=_operator(row["made_by"], row["made_by_name"]),
        note=row["note"],
        transaction_id=None if transaction_id is None else TransactionId(transaction_id),
        at=row["made_at"],
    )


def _operator(operator_id: UUID | None, name: str | None) -> Operator | None:
    if operator_id is None or name is None:
        return None
    return Operator(OperatorId(operator_id), name)
