"""What a run begins with: a tenant, its funded customers, and accounts with a long past."""

from datetime import UTC, datetime
from typing import Final

import asyncpg
import msgspec
from dishka import AsyncContainer
from uuid_utils.compat import uuid7

from application.ledger.fold_ledger import FoldLedger
from application.ports.catalog import CatalogEditor
from application.ports.unit_of_work import UnitOfWork
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from domain.ledger.account import AccountCode, AccountKey, customer_owner
from domain.ledger.commands import Post
from domain.ledger.entry import Entry, JournalTransaction
from domain.shared.ids import AccountId, CustomerId, TenantId, TransactionId
from domain.shared.money import AssetCode
from domain.tenants.tenant import PricingPolicy
from entrypoints.cli.bench.ledger.processes import LoadFailed
from entrypoints.cli.bench.ledger.task import Books
from entrypoints.cli.sandbox.samples import ASSETS
from entrypoints.wiring.processes import worker_process

ASSET: Final = AssetCode("USDT")
LONG: Final = AssetCode("BTC")
SHORT: Final = AssetCode("ETH")
SHORT_ENTRIES: Final = 1_000
FUNDED_UNITS: Final = 10**15
AT_ONCE: Final = 1_000
FILLED_AT_ONCE: Final = 50_000
# Of at most twenty thousand transactions each: for more than any number of entries that is allowed.
FOLDS_MAX: Final = 1_000
# As the journal would have written it over the last hour, which is checked like all the rest: each
# transaction credits the strict account with one unit from the deferred one.
PAST: Final = """
WITH made AS MATERIALIZED (
  SELECT n, uuidv7() AS id, $7::timestamptz + n * (interval '59 minutes' / $4::bigint) AS booked_at
  FROM generate_series($5::bigint, $6::bigint) AS n),
headers AS (
  INSERT INTO aksum.ledger_transactions
    (tenant_id, id, template, reference, effective_on, booked_at)
  SELECT $1, id, 'bench_past', 'bench', (booked_at AT TIME ZONE 'UTC')::date, booked_at FROM made),
moved AS (
  UPDATE aksum.ledger_balances SET credits = $6, version = $6, last_booked_at = (
    SELECT max(booked_at) FROM made)
  WHERE tenant_id = $1 AND account_id = $2)
INSERT INTO aksum.ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,
  account_seq, balance_after, booked_at)
SELECT $1, id, 0, $2, $8, 1, n, n, booked_at FROM made
UNION ALL SELECT $1, id, 1, $3, $8, -1, NULL, NULL, booked_at FROM made
"""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts that are read, by how long their past is."""

    strict_long: AccountId
    deferred_long: AccountId
    strict_short: AccountId
    deferred_short: AccountId


async def fill(
    container: AsyncContainer, url: str, *, accounts: int, entries: int, clients: int
) -> tuple[Books, Read]:
    """`url` is a superuser's. Raises `LoadFailed`."""
    await (await container.get(CatalogEditor)).list_assets(ASSETS.values())
    free = PricingPolicy(platform_spread_ppm=0, tenant_spread_ppm=0, fee_ppm=0)
    create: CreateTenant = await container.get(CreateTenant)
    tenant_id = (await create.execute(CreateTenantCommand("bench", free))).tenant.id
    uow: UnitOfWork = await container.get(UnitOfWork)
    owners = tuple(customer_owner(CustomerId(uuid7())) for _ in range(accounts))
    connection = await asyncpg.connect(url)
    try:
        # Before anything closes booking time, which the past could not be written into then.
        long = await _past(uow, connection, tenant_id, LONG, owners[0], entries)
        short = await _past(uow, connection, tenant_id, SHORT, owners[0], SHORT_ENTRIES)
        for start in range(0, accounts, AT_ONCE):
            await _fund(uow, tenant_id, owners[start : start + AT_ONCE])
        await _fold_all()
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    read = Read(
        strict_long=long[0],
        deferred_long=long[1],
        strict_short=short[0],
        deferred_short=short[1],
    )
    return Books(tenant_id=tenant_id, asset=ASSET, owners=owners, clients=clients), read


async def _past(
    uow: UnitOfWork,
    connection: asyncpg.Connection,
    tenant_id: TenantId,
    asset: AssetCode,
    owner: str,
    entries: int,
) -> tuple[AccountId, AccountId]:
    strict = AccountKey(AccountCode.CUSTOMER, asset, owner)
    deferred = AccountKey(AccountCode.FEE_REVENUE, asset)
    async with uow.begin(tenant_id) as tx:
        found = await tx.accounts.resolve([strict, deferred])
        await tx.commit()
    begin = await connection.fetchval("SELECT clock_timestamp() - interval '1 hour'")
    for first in range(1, entries + 1, FILLED_AT_ONCE):
        last = min(first + FILLED_AT_ONCE - 1, entries)
        await connection.execute(
            *(PAST, tenant_id, found[strict], found[deferred]),
            *(entries, first, last, begin, str(asset)),
        )
    return found[strict], found[deferred]


async def _fund(uow: UnitOfWork, tenant_id: TenantId, owners: tuple[str, ...]) -> None:
    """From a deferred account whose entries need no mirror in the house's books."""
    source = AccountKey(AccountCode.TENANT_SPREAD_REVENUE, ASSET)
    keys = [AccountKey(AccountCode.CUSTOMER, ASSET, owner) for owner in owners]
    async with uow.begin(tenant_id) as tx:
        found = await tx.accounts.resolve([*keys, source])
        at = datetime.now(UTC)
        posts = tuple(_funding(found[key], found[source], at) for key in keys)
        outcomes = await tx.journal.post(posts)
        if not all(outcome.accepted for outcome in outcomes):
            raise LoadFailed("a customer could not be funded")
        await tx.commit()


def _funding(customer: AccountId, source: AccountId, at: datetime) -> Post:
    entries = (Entry(customer, ASSET, FUNDED_UNITS), Entry(source, ASSET, -FUNDED_UNITS))
    transaction = JournalTransaction(
        id=TransactionId(uuid7()),
        template="bench_funding",
        reference="bench",
        effective_on=at.date(),
        entries=entries,
    )
    return Post(transaction, at)


async def _fold_all() -> None:
    async with worker_process() as container:
        ledger: FoldLedger = await container.get(FoldLedger)
        await ledger.execute()  # marks the time that the next one closes
        for _ in range(FOLDS_MAX):
            if not await ledger.execute():
                return
    raise LoadFailed("the past was not folded")
