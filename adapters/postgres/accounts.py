"""Ledger accounts: found by their natural key, opened on first use as the chart says."""

from collections.abc import Iterable, Mapping

from uuid_utils.compat import uuid7

from adapters.postgres.account_rows import COLUMNS, account_from, account_key
from adapters.postgres.account_terms import AccountTerms
from adapters.postgres.connection import Connection, Row
from adapters.postgres.known_accounts import KnownAccounts
from application.ports.ledger import AccountView, TermsChange
from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.balance import Balance
from domain.ledger.chart import CHART
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, CustomerId, TenantId

FIND = """
SELECT a.id, a.owner, a.code, a.asset
FROM unnest($2::text[], $3::text[], $4::text[]) AS wanted (owner, code, asset)
JOIN ledger_accounts a
  ON a.tenant_id = $1 AND a.owner = wanted.owner AND a.code = wanted.code
 AND a.asset = wanted.asset AND a.owner = ANY($2::text[])
"""
OPEN = """
WITH opened AS (
  INSERT INTO ledger_accounts (tenant_id, id, owner, code, asset, type, floor_units, status)
  SELECT $1, id, owner, code, asset, type, floor_units::numeric, 'open'
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS wanted (id, owner, code, asset, type, floor_units)
  ORDER BY owner, code, asset
  ON CONFLICT ON CONSTRAINT ledger_accounts_natural_key DO NOTHING
  RETURNING id, type, floor_units)
INSERT INTO ledger_balances (tenant_id, account_id, sign, floor_units)
SELECT $1, id, CASE WHEN type IN ('asset', 'expense') THEN -1 ELSE 1 END, floor_units
FROM opened WHERE floor_units IS NOT NULL
"""
# Strict accounts carry their balance; that of the others is what was folded last, and the entries
# since. OFFSET 0 keeps `since` a plain value: with a function in it, a policy's table would be
# asked for all entries of the account first (only what cannot leak goes into an index condition).
VIEW = f"""
SELECT {", ".join("a." + name for name in COLUMNS.split(", "))},
  coalesce(b.debits, coalesce(c.debits, 0) + d.debits) AS debits,
  coalesce(b.credits, coalesce(c.credits, 0) + d.credits) AS credits,
  coalesce(b.held, 0) AS held, coalesce(b.version, coalesce(c.entries, 0) + d.entries) AS version,
  greatest(a.created_at, b.last_booked_at, c.last_booked_at, d.last_booked_at) AS updated_at
FROM ledger_accounts a
LEFT JOIN ledger_balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
LEFT JOIN LATERAL (
  SELECT k.through, k.debits, k.credits, k.entries, k.last_booked_at FROM ledger_checkpoints k
  WHERE b.account_id IS NULL AND k.tenant_id = a.tenant_id AND k.account_id = a.id
  ORDER BY k.through DESC LIMIT 1) c ON true
CROSS JOIN LATERAL (SELECT coalesce(c.through, '-infinity') AS since OFFSET 0) s
LEFT JOIN LATERAL (
  SELECT coalesce(-sum(e.units) FILTER (WHERE e.units < 0), 0) AS debits,
         coalesce(sum(e.units) FILTER (WHERE e.units > 0), 0) AS credits, count(*) AS entries,
         max(e.booked_at) AS last_booked_at
  FROM ledger_entries e
  WHERE b.account_id IS NULL AND e.tenant_id = a.tenant_id AND e.account_id = a.id
    AND e.booked_at >= s.since) d ON true
WHERE a.tenant_id = $1
"""
# Which ones first: no balance is added up that is not shown.
SHARED = f"""
{VIEW} AND a.id IN (
  SELECT s.id FROM ledger_accounts s
  WHERE s.tenant_id = $1 AND s.floor_units IS NULL AND ($2::uuid IS NULL OR s.id > $2)
  ORDER BY s.id LIMIT $3)
ORDER BY a.id
"""


class PostgresAccounts:
    """`learned` is remembered beyond the transaction if it commits: it may have opened accounts."""

    def __init__(
        self,
        connection: Connection,
        tenant_id: TenantId,
        *,
        known: KnownAccounts,
        learned: dict[AccountKey, AccountId],
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._known = known
        self._learned = learned

    async def resolve(self, keys: Iterable[AccountKey]) -> Mapping[AccountKey, AccountId]:
        wanted = tuple(dict.fromkeys(keys))
        found = {key: known for key in wanted if (known := self._known.get(self._tenant_id, key))}
        missing = [key for key in wanted if key not in found]
        if missing:
            stored = await self._find(missing)
            absent = [key for key in missing if key not in stored]
            if absent:
                await self._open(absent)
                stored |= await self._find(absent)
            self._learned.update(stored)
            found |= stored
        return found

    async def _find(self, keys: list[AccountKey]) -> dict[AccountKey, AccountId]:
        rows = await self._connection.fetch(
            FIND,
            self._tenant_id,
            [key.owner or "" for key in keys],
            [key.code.value for key in keys],
            [str(key.asset) for key in keys],
        )
        return {account_key(row): AccountId(row["id"]) for row in rows}

    async def _open(self, keys: list[AccountKey]) -> None:
        lines = [CHART[key.code] for key in keys]
        await self._connection.execute(
            OPEN,
            self._tenant_id,
            [uuid7() for _ in keys],
            [key.owner or "" for key in keys],
            [key.code.value for key in keys],
            [str(key.asset) for key in keys],
            [line.type.value for line in lines],
            [None if line.floor_units is None else str(line.floor_units) for line in lines],
        )

    async def get(self, account_id: AccountId) -> AccountView:
        row = await self._connection.fetchrow(VIEW + " AND a.id = $2", self._tenant_id, account_id)
        if row is None:
            raise NotFound("no such account")
        return _view(row)

    async def of_customer(self, customer_id: CustomerId) -> tuple[AccountView, ...]:
        rows = await self._connection.fetch(
            VIEW + " AND a.owner = $2 AND a.code = 'customer' ORDER BY a.asset",
            self._tenant_id,
            customer_owner(customer_id),
        )
        return tuple(_view(row) for row in rows)

    async def shared(
        self, *, after: AccountId | None = None, limit: int
    ) -> tuple[AccountView, ...]:
        rows = await self._connection.fetch(SHARED, self._tenant_id, after, limit)
        return tuple(_view(row) for row in rows)

    async def set_floor(self, account_id: AccountId, floor_units: int) -> TermsChange:
        return await AccountTerms(self._connection, self._tenant_id).set_floor(
            account_id, floor_units
        )

    async def close(self, account_id: AccountId) -> TermsChange:
        return await AccountTerms(self._connection, self._tenant_id).close(account_id)


def _view(row: Row) -> AccountView:
    account = account_from(row)
    balance = Balance(account.id, row["debits"], row["credits"], row["held"], row["version"])
    return AccountView(account=account, balance=balance, updated_at=row["updated_at"])
