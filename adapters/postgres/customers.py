"""Customers of one tenant."""

from collections.abc import Collection, Mapping

import asyncpg
import msgspec

from adapters.postgres.connection import UUID_MAX, Connection, Row
from application.errors import CustomerExists, CustomerNotFound, VersionConflict
from application.ports.parties import Customer, CustomerStatus
from domain.shared.ids import CustomerId, TenantId

COLUMNS = "id, external_id, status, metadata, version, created_at, updated_at"

FIND_ALL = f"SELECT {COLUMNS} FROM customers WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
PAGE_START = f"SELECT {COLUMNS} FROM customers WHERE tenant_id = $1 AND id < $2"
EXTERNAL_ID = " AND external_id = $4"
PAGE_END = " ORDER BY id DESC LIMIT $3"


class PostgresCustomers:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, customer: Customer) -> None:
        try:
            await self._connection.execute(
                f"INSERT INTO customers (tenant_id, {COLUMNS}) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                self._tenant_id,
                customer.id,
                customer.external_id,
                customer.status.value,
                msgspec.json.encode(customer.metadata),
                customer.version,
                customer.created_at,
                customer.updated_at,
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "customers_external_id_key":
                raise
            raise CustomerExists(
                "another customer has this external_id", external_id=customer.external_id
            ) from None

    async def get(self, customer_id: CustomerId) -> Customer:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM customers WHERE tenant_id = $1 AND id = $2",
            self._tenant_id,
            customer_id,
        )
        if row is None:
            raise CustomerNotFound("no such customer")
        return _customer(row)

    async def find_all(self, ids: Collection[CustomerId]) -> Mapping[CustomerId, Customer]:
        rows = await self._connection.fetch(FIND_ALL, self._tenant_id, list(ids))
        return {customer.id: customer for customer in map(_customer, rows)}

    async def update(self, customer: Customer) -> None:
        changed = await self._connection.fetchval(
            "UPDATE customers SET status = $3, metadata = $4, version = $5, updated_at = $6 "
            "WHERE tenant_id = $1 AND id = $2 AND version = $5 - 1 RETURNING 1",
            self._tenant_id,
            customer.id,
            customer.status.value,
            msgspec.json.encode(customer.metadata),
            customer.version,
            customer.updated_at,
        )
        if changed is None:
            raise VersionConflict("the customer changed in the meantime")

    async def page(
        self, *, external_id: str | None, before: CustomerId | None, limit: int
    ) -> tuple[Customer, ...]:
        rows = await self._connection.fetch(
            PAGE_START + ("" if external_id is None else EXTERNAL_ID) + PAGE_END,
            self._tenant_id,
            before or UUID_MAX,
            limit,
            *(() if external_id is None else (external_id,)),
        )
        return tuple(_customer(row) for row in rows)


def _customer(row: Row) -> Customer:
    return Customer(
        id=CustomerId(row["id"]),
        external_id=row["external_id"],
        status=CustomerStatus(row["status"]),
        metadata=msgspec.json.decode(row["metadata"], type=dict[str, str]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
