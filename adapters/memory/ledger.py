from application.ports.unit_of_work import UnitOfWork
from domain.ledger.commands import Batch
from domain.ledger.outcomes import Outcome
from domain.shared.ids import TenantId


class MemoryLedger:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def post(self, tenant_id: TenantId, batch: Batch) -> tuple[Outcome, ...]:
        async with self._uow.begin(tenant_id) as tx:
            outcomes = await tx.journal.post(batch)
            await tx.commit()
        return outcomes
