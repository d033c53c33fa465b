"""An account holds one asset for one owner. Its key is what it is; its id is how it is found."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ..shared.errors import RuleViolation
from ..shared.ids import AccountId, CustomerId, IdPrefix, TenantId, encode_id
from ..shared.money import AssetCode
from .chart import CHART, AccountCode, AccountOwner, AccountType

__all__ = [
    "Account",
    "AccountCode",
    "AccountKey",
    "AccountKeyInvalid",
    "AccountStatus",
    "AccountType",
    "customer_owner",
    "open_account",
    "tenant_owner",
]


class AccountKeyInvalid(RuleViolation):
    code = "account_key_invalid"


class AccountStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class AccountKey(msgspec.Struct, frozen=True):
    """The natural key, unique within one tenant's books.

    `owner` is `customer_owner`, `tenant_owner` or the LP's name, as the chart says; None for
    accounts there is one of per asset. Raises `AccountKeyInvalid`.
    """

    code: AccountCode
    asset: AssetCode
    owner: str | None = None

    def __post_init__(self) -> None:
        owned = CHART[self.code].owner is not AccountOwner.NONE
        if owned != (self.owner is not None):
            raise AccountKeyInvalid("owner does not fit the chart", account_code=self.code)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`floor_units` is the least that must stay available; below zero it is a credit line."""

    id: AccountId
    key: AccountKey
    type: AccountType
    floor_units: int | None
    status: AccountStatus = AccountStatus.OPEN
    created_at: datetime

    @property
    def asset(self) -> AssetCode:
        return self.key.asset

    @property
    def strict(self) -> bool:
        """Strict accounts are locked, numbered and carry a running balance.

        Entries of the others are only appended, so that the house never serialises customers.
        """
        return self.floor_units is not None


def customer_owner(customer_id: CustomerId) -> str:
    """`AccountKey.owner` of a customer's accounts."""
    return encode_id(IdPrefix.CUSTOMER, customer_id)


def tenant_owner(tenant_id: TenantId) -> str:
    """`AccountKey.owner` of the house's accounts for a tenant."""
    return encode_id(IdPrefix.TENANT, tenant_id)


def open_account(account_id: AccountId, key: AccountKey, *, at: datetime) -> Account:
    """A new account with the type and floor its line of the chart prescribes."""
    line = CHART[key.code]
    return Account(
        id=account_id, key=key, type=line.type, floor_units=line.floor_units, created_at=at
    )
