"""What one tenant tries with the ids of another, where it takes more than a line."""

from collections.abc import Awaitable, Callable

from asyncpg import Connection
from msgspec.structs import replace

from application.ports.idempotency import IdempotencyRecord
from application.ports.parties import StoredTenant
from application.ports.unit_of_work import Transaction
from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post, ReleaseHold
from domain.ledger.outcomes import OutcomeCode
from domain.liquidity.resolution import AttemptStatus
from domain.tenants.tenant import Tenant, TenantStatus
from tests.contract.reconciliation_contract import SOURCE
from tests.contract.seals_contract import sealing
from tests.contract.settle_contract import rejected
from tests.contract.world import EVIDENCE, LONG_LEASE, POLICY, USDT, World
from tests.integration.direct import TENANT_TABLES, names
from tests.integration.two_tenants import CLIENT_ORDER_ID, KEY, Inhabitant

Attempt = Callable[[Transaction, Inhabitant, World], Awaitable[object]]


async def settle(tx: Transaction, of: Inhabitant, world: World) -> bool:
    return await tx.trading.settle(await world.settlement(of.party, of.open_execution))


async def reject(tx: Transaction, of: Inhabitant, world: World) -> bool:
    order = rejected(world, of.open_execution)
    return await tx.trading.reject(
        of.open_execution,
        order,
        evidence=EVIDENCE,
        at=world.now,
        announcement=world.news(of.open_execution.order, order),
    )


async def keep_open(tx: Transaction, of: Inhabitant, world: World) -> bool:
    order = of.open_execution.order
    return await tx.trading.keep_open(
        of.open_execution,
        replace(order, version=order.version + 1),
        status=AttemptStatus.UNKNOWN,
        evidence=EVIDENCE,
        looks=1,
        look_again_in=LONG_LEASE,
        at=world.now,
        announcement=None,
    )


async def post(tx: Transaction, of: Inhabitant, world: World) -> list[OutcomeCode]:
    outcomes = await tx.journal.post(
        (
            Post(world.moving(of.party.usdt, of.other.usdt, 1), world.now),
            ReleaseHold(of.due_hold.id, world.now),
        )
    )
    return [outcome.code for outcome in outcomes]


async def claim(tx: Transaction, of: Inhabitant, world: World) -> object:
    """One key, used by both: each finds its own record."""
    record = IdempotencyRecord(
        key=KEY, fingerprint=bytes(32), resource="order", resource_id=world.id()
    )
    taken = await tx.idempotency.claim(record)
    return taken is None or taken.resource_id == of.open_execution.order.id


async def find(tx: Transaction, of: Inhabitant, world: World) -> object:
    record = await tx.idempotency.find(KEY)
    return record is None or record.resource_id == of.open_execution.order.id


async def by_client_order_id(tx: Transaction, of: Inhabitant, world: World) -> object:
    return await tx.orders.by_client_order_id(CLIENT_ORDER_ID) == of.open_execution.order.id


async def resolve(tx: Transaction, of: Inhabitant, world: World) -> object:
    key = AccountKey(AccountCode.CUSTOMER, USDT.code, customer_owner(of.party.customer.id))
    return (await tx.accounts.resolve((key,)))[key] == of.party.usdt


def stored_tenant(of: Inhabitant, world: World) -> StoredTenant:
    tenant = Tenant(
        id=of.party.tenant_id, name="taken", status=TenantStatus.SUSPENDED, pricing=POLICY
    )
    return StoredTenant(tenant=tenant, created_at=world.now, updated_at=world.now, version=9)


async def ledger_side(tx: Transaction, of: Inhabitant, world: World) -> object:
    side = await tx.reconciliation.ledger_side(SOURCE, since=None)
    return side.entries, side.balances


async def add_seal(tx: Transaction, of: Inhabitant, world: World) -> bool:
    return await tx.seals.add(*await sealing(world, of.party.tenant_id, None))


async def rows_of(admin: Connection, of: Inhabitant) -> dict[str, str]:
    """A digest of each table's rows of one tenant."""
    return {
        table: await admin.fetchval(
            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM aksum.{table} t "
            "WHERE tenant_id = $1",
            of.party.tenant_id,
        )
        for table in await names(admin, TENANT_TABLES)
    }
