"""What one tenant finds of another's quotas at LPs and of its settlements: nothing."""

import asyncpg
from msgspec.structs import replace

from application.ports.lp_settlements import SettlementFilter
from application.ports.unit_of_work import Transaction
from domain.liquidity.netting import Action
from domain.shared.errors import NotFound
from domain.shared.ids import SettlementId
from tests.contract.lp_quotas_contract import KEY
from tests.contract.lp_settlements_contract import step
from tests.contract.world import World
from tests.integration.swapping_attempts import Attempt
from tests.integration.two_tenants import Inhabitant


async def update(tx: Transaction, of: Inhabitant, _world: World) -> None:
    after = replace(of.settlement, version=2)
    await tx.lp_settlements.update(after, step(after, Action.FREEZE))


ANSWERS: dict[str, tuple[object, Attempt]] = {
    "lp_settlements.steps": ((), lambda tx, of, _: tx.lp_settlements.steps(of.settlement.id)),
    "lp_settlements.net": (
        (0, 0),
        lambda tx, of, w: tx.lp_settlements.net(
            (of.settlement.lp, of.settlement.asset), since=None, until=w.now
        ),
    ),
}
DENIED = asyncpg.InsufficientPrivilegeError
REFUSALS: dict[str, tuple[type[Exception], Attempt]] = {
    "lp_quotas.claim": (DENIED, lambda tx, of, _: tx.lp_quotas.claim((KEY,), fence=9)),
    "lp_quotas.lower": (DENIED, lambda tx, of, _: tx.lp_quotas.lower(KEY, to=0, fence=1)),
    "lp_quotas.add": (DENIED, lambda tx, of, _: tx.lp_quotas.add(KEY, 1, fence=1)),
    "lp_quotas.booked": (DENIED, lambda tx, of, _: tx.lp_quotas.booked((of.trade.order.id,))),
    "lp_settlements.get": (NotFound, lambda tx, of, _: tx.lp_settlements.get(of.settlement.id)),
    "lp_settlements.update": (asyncpg.ForeignKeyViolationError, update),
}
OWN: dict[str, Attempt] = {
    "lp_quotas.get": lambda tx, of, _: tx.lp_quotas.get(KEY),
    "lp_quotas.covers": lambda tx, of, _: tx.lp_quotas.covers(KEY, 1),
    "lp_settlements.last": lambda tx, of, _: tx.lp_settlements.last(
        (of.settlement.lp, of.settlement.asset)
    ),
    "lp_settlements.add": lambda tx, of, world: tx.lp_settlements.add(
        replace(of.settlement, id=SettlementId(world.id())), step(of.settlement, Action.OPEN)
    ),
    "lp_settlements.owed_to_us": lambda tx, of, world: tx.lp_settlements.owed_to_us(
        of.settlement.lp, world.now.date()
    ),
    "lp_settlements.page": lambda tx, of, _: tx.lp_settlements.page(
        SettlementFilter(), before=None, limit=99
    ),
}
