"""API keys, and the one global look-up that leads from a key to its tenant."""

import asyncpg

from adapters.postgres.connection import Connection, Row, acquired
from application.errors import VersionConflict
from application.ports.parties import ApiKey, KeyStatus
from domain.shared.errors import NotFound
from domain.shared.ids import ApiKeyId, TenantId
from domain.tenants.operator import OperatorHasKey
from domain.tenants.permissions import Scope

COLUMNS = """id, lookup, secret_hash, scopes, label, operator_id, status, expires_at, version,
  created_at, updated_at"""
ONE_KEY_EACH = ("api_keys_one_per_operator", "api_keys_one_per_name")


class PostgresApiKeys:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, key: ApiKey) -> None:
        try:
            await self._insert(key)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name not in ONE_KEY_EACH:
                raise
            raise OperatorHasKey("this person has a key: rotate it, or revoke it first") from error
        await self._connection.execute(
            "INSERT INTO access_directory (kind, lookup, tenant_id) VALUES ('api_key', $1, $2)",
            key.lookup,
            self._tenant_id,
        )

    async def _insert(self, key: ApiKey) -> None:
        await self._connection.execute(
            f"INSERT INTO api_keys (tenant_id, {COLUMNS}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            self._tenant_id,
            key.id,
            key.lookup,
            key.secret_hash,
            sorted(scope.value for scope in key.scopes),
            key.label,
            key.operator_id,
            key.status.value,
            key.expires_at,
            key.version,
            key.created_at,
            key.updated_at,
        )

    async def find(self, lookup: str) -> ApiKey | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM api_keys WHERE tenant_id = $1 AND lookup = $2",
            self._tenant_id,
            lookup,
        )
        return None if row is None else _key(row)

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM api_keys WHERE tenant_id = $1 AND id = $2",
            self._tenant_id,
            key_id,
        )
        if row is None:
            raise NotFound("no such API key")
        return _key(row)

    async def list(self) -> tuple[ApiKey, ...]:
        rows = await self._connection.fetch(
            f"SELECT {COLUMNS} FROM api_keys WHERE tenant_id = $1 ORDER BY id", self._tenant_id
        )
        return tuple(_key(row) for row in rows)

    async def update(self, key: ApiKey) -> None:
        changed = await self._connection.fetchval(
            "UPDATE api_keys SET status = $3, expires_at = $4, version = $5, updated_at = $6 "
            "WHERE tenant_id = $1 AND id = $2 AND version = $5 - 1 RETURNING 1",
            self._tenant_id,
            key.id,
            key.status.value,
            key.expires_at,
            key.version,
            key.updated_at,
        )
        if changed is None:
            raise VersionConflict("the key changed in the meantime")


class PostgresAccessDirectory:
    """Outside any tenant: one function that answers one row for one exact key."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def tenant_of_key(self, lookup: str) -> TenantId | None:
        async with acquired(self._pool) as connection:
            found = await connection.fetchval("SELECT tenant_for_access('api_key', $1)", lookup)
        return None if found is None else TenantId(found)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row["id"]),
        lookup=row["lookup"],
        secret_hash=row["secret_hash"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        label=row["label"],
        operator_id=row["operator_id"],
        status=KeyStatus(row["status"]),
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
