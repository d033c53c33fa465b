from uuid import UUID

import msgspec
import pytest

from domain.ledger.account import (
    AccountKey,
    AccountKeyInvalid,
    customer_owner,
    open_account,
    tenant_owner,
)
from domain.ledger.chart import CHART, AccountCode, AccountOwner, AccountType, BookSide
from domain.shared.ids import CustomerId, TenantId
from tests.unit.domain.ledger.books import NOW, USDT, account_id


def test_chart_has_a_line_for_every_code() -> None:
    assert set(CHART) == set(AccountCode)


def test_only_customers_have_a_floor() -> None:
    strict = {code for code, line in CHART.items() if line.floor_units is not None}
    assert strict == {AccountCode.CUSTOMER}


def test_clearing_accounts_are_opposites() -> None:
    tenants, houses = CHART[AccountCode.HOUSE_CLEARING], CHART[AccountCode.TENANT_CLEARING]
    assert (tenants.side, tenants.type) == (BookSide.TENANT, AccountType.ASSET)
    assert (houses.side, houses.type) == (BookSide.HOUSE, AccountType.LIABILITY)


@pytest.mark.parametrize("account_type", AccountType)
def test_normal_sign_is_where_the_type_grows(account_type: AccountType) -> None:
    by_debit = {AccountType.ASSET, AccountType.EXPENSE}
    assert account_type.normal_sign == (-1 if account_type in by_debit else 1)


@pytest.mark.parametrize("code", AccountCode)
def test_key_has_an_owner_exactly_where_the_chart_says(code: AccountCode) -> None:
    owned = CHART[code].owner is not AccountOwner.NONE
    AccountKey(code, USDT, "somebody" if owned else None)
    with pytest.raises(AccountKeyInvalid):
        AccountKey(code, USDT, None if owned else "somebody")


def test_new_account_takes_type_and_floor_from_the_chart() -> None:
    customer = open_account(account_id(1), AccountKey(AccountCode.CUSTOMER, USDT, "cus_1"), at=NOW)
    house = open_account(account_id(2), AccountKey(AccountCode.HOUSE_CLEARING, USDT), at=NOW)
    assert (customer.type, customer.floor_units, customer.strict) == (
        AccountType.LIABILITY,
        0,
        True,
    )
    assert (house.type, house.floor_units, house.strict) == (AccountType.ASSET, None, False)


def test_owners_are_written_as_public_ids() -> None:
    assert customer_owner(CustomerId(UUID(int=1))) == "cus_00000000000000000000000001"
    assert tenant_owner(TenantId(UUID(int=1))) == "ten_00000000000000000000000001"


def test_key_survives_json() -> None:
    key = AccountKey(AccountCode.CUSTOMER, USDT, "cus_1")
    assert msgspec.json.decode(msgspec.json.encode(key), type=AccountKey) == key
