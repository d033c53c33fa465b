"""Rows of accounts as the values they stand for."""

from uuid import UUID

from adapters.postgres.connection import Row
from domain.ledger.account import Account, AccountKey, AccountStatus
from domain.ledger.chart import AccountCode, AccountType
from domain.shared.ids import AccountId
from domain.shared.money import AssetCode

COLUMNS = "id, owner, code, asset, type, floor_units, status, created_at"


def account_key(row: Row) -> AccountKey:
    return AccountKey(AccountCode(row["code"]), AssetCode(row["asset"]), row["owner"] or None)


def account_from(row: Row) -> Account:
    return Account(
        id=AccountId(UUID(str(row["id"]))),
        key=account_key(row),
        type=AccountType(row["type"]),
        floor_units=row["floor_units"],
        status=AccountStatus(row["status"]),
        created_at=row["created_at"],
    )
