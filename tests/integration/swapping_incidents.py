"""The same for incidents, evidence, and moving an order to another LP."""

import asyncpg
from msgspec.structs import replace

from application.ports.unit_of_work import Transaction
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import EvidenceId, IncidentId
from tests.contract.incidents_contract import EVE, closed_now, evidence_of
from tests.contract.reprice_contract import repricing
from tests.contract.world import World
from tests.integration.swapping_attempts import Attempt
from tests.integration.two_tenants import Inhabitant


async def reprice(tx: Transaction, of: Inhabitant, world: World) -> bool:
    return await tx.trading.reprice(repricing(world, of.open_execution))


ANSWERS: dict[str, tuple[object, Attempt]] = {
    "trading.reprice": (False, reprice),
    "order_evidence.of_order": (
        (),
        lambda tx, of, _: tx.order_evidence.of_order(of.open_execution.order.id, limit=9),
    ),
}
REFUSALS: dict[str, tuple[type[Exception], Attempt]] = {
    "incidents.open": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, world: tx.incidents.open(replace(of.incident, id=IncidentId(world.id()))),
    ),
    "incidents.get": (NotFound, lambda tx, of, _: tx.incidents.get(of.incident.id)),
    "incidents.close": (
        InvariantViolation,
        lambda tx, of, world: tx.incidents.close(closed_now(world, of.incident)),
    ),
    "order_evidence.add": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, world: tx.order_evidence.add(
            replace(evidence_of(world, of.open_execution), id=EvidenceId(world.id()), added_by=EVE)
        ),
    ),
}
OWN: dict[str, Attempt] = {
    "incidents.page": lambda tx, of, _: tx.incidents.page(limit=100),
}
