"""Deposits and transfers as business objects."""

from adapters.postgres.connection import Connection
from application.ports.movements import Deposit, Transfer
from domain.shared.errors import NotFound
from domain.shared.ids import CustomerId, DepositId, TenantId, TransactionId, TransferId
from domain.shared.money import AssetCode

DEPOSIT = """id, customer_id, asset, units, method, status, transaction_id, version, created_at,
  updated_at"""
TRANSFER = """id, from_customer_id, to_customer_id, asset, units, reference, status,
  transaction_id, version, created_at, updated_at"""


class PostgresDeposits:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, deposit: Deposit) -> None:
        await self._connection.execute(
            f"INSERT INTO deposits (tenant_id, {DEPOSIT}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            self._tenant_id,
            deposit.id,
            deposit.customer_id,
            deposit.asset,
            deposit.units,
            deposit.method,
            deposit.status,
            deposit.transaction_id,
            deposit.version,
            deposit.created_at,
            deposit.updated_at,
        )

    async def get(self, deposit_id: DepositId) -> Deposit:
        row = await self._connection.fetchrow(
            f"SELECT {DEPOSIT} FROM deposits WHERE tenant_id = $1 AND id = $2",
            self._tenant_id,
            deposit_id,
        )
        if row is None:
            raise NotFound("no such deposit")
        return Deposit(
            id=DepositId(row["id"]),
            customer_id=CustomerId(row["customer_id"]),
            asset=AssetCode(row["asset"]),
            units=row["units"],
            method=row["method"],
            status=row["status"],
            transaction_id=TransactionId(row["transaction_id"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            version=row["version"],
        )


class PostgresTransfers:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, transfer: Transfer) -> None:
        await self._connection.execute(
            f"INSERT INTO transfers (tenant_id, {TRANSFER}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            self._tenant_id,
            transfer.id,
            transfer.from_customer_id,
            transfer.to_customer_id,
            transfer.asset,
            transfer.units,
            transfer.reference,
            transfer.status,
            transfer.transaction_id,
            transfer.version,
            transfer.created_at,
            transfer.updated_at,
        )

    async def get(self, transfer_id: TransferId) -> Transfer:
        row = await self._connection.fetchrow(
            f"SELECT {TRANSFER} FROM transfers WHERE tenant_id = $1 AND id = $2",
            self._tenant_id,
            transfer_id,
        )
        if row is None:
            raise NotFound("no such transfer")
        return Transfer(
            id=TransferId(row["id"]),
            from_customer_id=CustomerId(row["from_customer_id"]),
            to_customer_id=CustomerId(row["to_customer_id"]),
            asset=AssetCode(row["asset"]),
            units=row["units"],
            reference=row["reference"],
            status=row["status"],
            transaction_id=TransactionId(row["transaction_id"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            version=row["version"],
        )
