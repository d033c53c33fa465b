"""Full names of accounts, for plain-text accounting and for people.

`Liabilities:Ten-01h…:Customer:Cus-01h…` is type, book, code and, where there is one, owner. The
asset is not part of the name: one account there holds several commodities. Names are written so
that both hledger and beancount take them; two accounts never share one.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..shared.ids import IdPrefix, TenantId, encode_id
from ..tenants.tenant import HOUSE_TENANT_ID
from .account import Account
from .chart import AccountType

HOUSE_BOOK: Final = "house"
TYPE_ROOTS: Final[Mapping[AccountType, str]] = MappingProxyType(
    {
        AccountType.ASSET: "Assets",
        AccountType.LIABILITY: "Liabilities",
        AccountType.INCOME: "Income",
        AccountType.EXPENSE: "Expenses",
        AccountType.EQUITY: "Equity",
    }
)
_PLAIN: Final = re.compile(r"[a-z][a-z0-9_]*")


def book_name(tenant_id: TenantId) -> str:
    """Whose books: `house`, or the tenant's id."""
    if tenant_id == HOUSE_TENANT_ID:
        return HOUSE_BOOK
    return encode_id(IdPrefix.TENANT, tenant_id)


def full_name(tenant_id: TenantId, account: Account) -> str:
    """The same for the accounts one owner has in several assets."""
    key = account.key
    segments = [segment(book_name(tenant_id)), segment(key.code)]
    if key.owner is not None:
        segments.append(segment(key.owner))
    return ":".join((TYPE_ROOTS[account.type], *segments))


def segment(text: str) -> str:
    """`cus_01h…` as `Cus-01h…`: capital letter first, letters, digits and dashes after it.

    What is not spelled like our own names comes as its bytes in hexadecimal, which begin with a
    digit as no other segment does.
    """
    if _PLAIN.fullmatch(text) is None:
        return f"0x{text.encode().hex()}"
    return text[0].upper() + text[1:].replace("_", "-")
