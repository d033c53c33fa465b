"""From the accounts a template names to the accounts a store found."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ...shared.ids import AccountId
from ..account import AccountKey

AccountsT = TypeVar("AccountsT", bound=msgspec.Struct)


def resolve(
    accounts: type[AccountsT],
    keys: Mapping[str, AccountKey],
    ids: Mapping[AccountKey, AccountId],
) -> AccountsT:
    """Fills a template's account struct: `keys` is what its `keys` method gave for these owners."""
    return msgspec.convert({field: ids[key] for field, key in keys.items()}, accounts)
