import re
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.account import AccountKey, open_account
from domain.ledger.account_name import full_name, segment
from domain.ledger.chart import AccountCode
from domain.shared.ids import AccountId, TenantId
from domain.shared.money import AssetCode
from domain.tenants.tenant import HOUSE_TENANT_ID

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TENANT = TenantId(UUID(int=7))
# What beancount allows below the five roots.
COMPONENT = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")


def named(tenant_id: TenantId, code: AccountCode, owner: str | None = None) -> str:
    key = AccountKey(code, AssetCode("BTC"), owner)
    return full_name(tenant_id, open_account(AccountId(UUID(int=1)), key, at=NOW))


def test_name_is_type_book_code_and_owner() -> None:
    assert named(TENANT, AccountCode.CUSTOMER, "cus_1") == (
        "Liabilities:Ten-00000000000000000000000007:Customer:Cus-1"
    )
    assert named(HOUSE_TENANT_ID, AccountCode.LP_INVENTORY, "sandbox_a") == (
        "Assets:House:Lp-inventory:Sandbox-a"
    )
    assert named(HOUSE_TENANT_ID, AccountCode.CAPITAL) == "Equity:House:Capital"


@given(text=st.text(st.characters(codec="utf-8")))
def test_any_text_makes_a_component(text: str) -> None:
    assert COMPONENT.fullmatch(segment(text))


@given(texts=st.lists(st.text(st.sampled_from("ab0_-:X %é")), unique=True))
def test_two_texts_never_make_the_same_component(texts: list[str]) -> None:
    assert len({segment(text) for text in texts}) == len(texts)
