"""Deposits and transfers as business objects."""

from collections.abc import Collection, Mapping, Sequence

from adapters.postgres.connection import Connection, Row, text_units
from application.ports.movements import Deposit, Transfer
from domain.shared.errors import NotFound
from domain.shared.ids import CustomerId, DepositId, TenantId, TransactionId, TransferId
from domain.shared.money import AssetCode

DEPOSIT = """id, customer_id, asset, units, method, status, transaction_id, version, created_at,
  updated_at"""
TRANSFER = """id, from_customer_id, to_customer_id, asset, units, reference, status,
  transaction_id, version, created_at, updated_at"""
ADD_TRANSFERS = f"""
INSERT INTO transfers (tenant_id, {TRANSFER})
SELECT $1, t.id, t.payer, t.payee, t.asset, t.units::numeric, t.reference, t.status,
  t.transaction_id, t.version, t.created_at, t.updated_at
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::uuid[], $10::bigint[], $11::timestamptz[], $12::timestamptz[])
  AS t (id, payer, payee, asset, units, reference, status, transaction_id, version, created_at,
    updated_at)
"""
FIND_TRANSFERS = f"SELECT {TRANSFER} FROM transfers WHERE tenant_id = $1 AND id = ANY($2::uuid[])"


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

    async def add_all(self, transfers: Sequence[Transfer]) -> None:
        await self._connection.execute(
            ADD_TRANSFERS,
            self._tenant_id,
            [each.id for each in transfers],
            [each.from_customer_id for each in transfers],
            [each.to_customer_id for each in transfers],
            [str(each.asset) for each in transfers],
            text_units(each.units for each in transfers),
            [each.reference for each in transfers],
            [each.status for each in transfers],
            [each.transaction_id for each in transfers],
            [each.version for each in transfers],
            [each.created_at for each in transfers],
            [each.updated_at for each in transfers],
        )

    async def get(self, transfer_id: TransferId) -> Transfer:
        row = await self._connection.fetchrow(
            f"SELECT {TRANSFER} FROM transfers WHERE tenant_id = $1 AND id = $2",
            self._tenant_id,
            transfer_id,
        )
        if row is None:
            raise NotFound("no such transfer")
        return _transfer(row)

    async def find_all(self, ids: Collection[TransferId]) -> Mapping[TransferId, Transfer]:
        rows = await self._connection.fetch(FIND_TRANSFERS, self._tenant_id, list(ids))
        return {transfer.id: transfer for transfer in map(_transfer, rows)}


def _transfer(row: Row) -> Transfer:
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
