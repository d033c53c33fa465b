from datetime import date, datetime

from adapters.memory.store import Rows
from application.ports.lp_capacity import CapacityKey
from application.ports.lp_settlements import PAYMENTS, SettlementFilter, SettlementStep
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.liquidity.netting import Action, LpSettlement, SettlementState
from domain.liquidity.quote import LpName
from domain.shared.errors import NotFound
from domain.shared.ids import SettlementId
from domain.tenants.operator import require_second_person


class MemoryLpSettlements:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def last(self, key: CapacityKey) -> LpSettlement | None:
        found = [each for each in self._rows.lp_settlements.values() if _key(each) == key]
        return max(found, key=lambda each: each.number, default=None)

    async def get(self, settlement_id: SettlementId) -> LpSettlement:
        await self._rows.lp_settlements.lock(settlement_id)
        found = self._rows.lp_settlements.get(settlement_id)
        if found is None:
            raise NotFound("no such settlement")
        return found

    async def add(self, settlement: LpSettlement, step: SettlementStep) -> bool:
        await self._rows.lp_settlement_numbers.lock((_key(settlement), settlement.number))
        last = await self.last(_key(settlement))
        taken = self._rows.lp_settlement_numbers.get((_key(settlement), settlement.number))
        if taken or (last is not None and last.until is None):
            return False
        self._rows.lp_settlement_numbers.put((_key(settlement), settlement.number), True)
        self._rows.lp_settlements.add(settlement.id, settlement)
        self._rows.lp_settlement_steps.add((settlement.id, step.version), step)
        return True

    async def update(self, settlement: LpSettlement, step: SettlementStep) -> None:
        before = self._rows.lp_settlement_steps.get((settlement.id, step.version - 1))
        if step.action is Action.PAY and before is not None and before.by and step.by:
            require_second_person(before.by, step.by)
        self._rows.lp_settlements.put(settlement.id, settlement)
        self._rows.lp_settlement_steps.add((settlement.id, step.version), step)

    async def net(
        self, key: CapacityKey, *, since: datetime | None, until: datetime
    ) -> tuple[int, int]:
        lp, asset = key
        account_id = self._rows.account_keys.get(AccountKey(AccountCode.LP_SETTLEMENT, asset, lp))
        found = [
            -entry.units
            for entry in self._rows.entries.values()
            if entry.account_id == account_id
            and (since is None or entry.booked_at >= since)
            and entry.booked_at < until
            and entry.template not in PAYMENTS
        ]
        return sum(found), len(found)

    async def owed_to_us(self, lp: LpName, value_date: date) -> int:
        return sum(
            each.lp == lp
            and each.value_date == value_date
            and each.state is not SettlementState.SETTLED
            and (each.net_units or 0) > 0
            for each in self._rows.lp_settlements.values()
        )

    async def steps(self, settlement_id: SettlementId) -> tuple[SettlementStep, ...]:
        found = [
            step
            for (owner, _), step in self._rows.lp_settlement_steps.items()
            if owner == settlement_id
        ]
        return tuple(sorted(found, key=lambda step: step.version))

    async def page(
        self, wanted: SettlementFilter, *, before: SettlementId | None, limit: int
    ) -> tuple[LpSettlement, ...]:
        found = [
            each
            for each in self._rows.lp_settlements.values()
            if (wanted.lp is None or each.lp == wanted.lp)
            and (wanted.state is None or each.state is wanted.state)
            and (before is None or each.id < before)
        ]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True)[:limit])


def _key(settlement: LpSettlement) -> CapacityKey:
    return settlement.lp, settlement.asset
