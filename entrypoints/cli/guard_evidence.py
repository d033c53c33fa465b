"""What the price of an order's quote was confirmed by, as operators read it."""

from collections.abc import Mapping

from dishka import AsyncContainer

from application.ports.unit_of_work import UnitOfWork
from domain.liquidity.price_guard import GuardEvidence
from domain.orders.order import Order
from domain.shared.ids import TenantId


async def evidence_of(
    container: AsyncContainer, tenant_id: TenantId, order: Order
) -> Mapping[str, object] | None:
    """None for an order without a quote, and for quotes from before there was a guard."""
    if order.quote_id is None:
        return None
    uow: UnitOfWork = await container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        stored = await tx.quotes.get(order.quote_id)
    evidence = stored.quote.breakdown.evidence
    return None if evidence is None else shown(evidence)


def shown(evidence: GuardEvidence) -> Mapping[str, object]:
    return {
        "stage": evidence.stage.value,
        "reference": evidence.reference,
        "sources": evidence.sources,
        "deviation_ppm": evidence.deviation_ppm,
        "limit_ppm": evidence.limit_ppm,
    }
