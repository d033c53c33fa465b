"""A plain post in one call of `post_one` (migration 0005), which writes and judges nothing."""

from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection, text_units
from domain.ledger.commands import Post
from domain.shared.ids import AccountId, TenantId

POST_ONE = "SELECT aksum.post_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"

# How constraints say that something speaks against it. The domain then says what.
REFUSED: Final = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.NumericValueOutOfRangeError,
)


def is_plain(post: Post) -> bool:
    transaction = post.transaction
    return (
        not transaction.captures and transaction.reverses is None and transaction.mirror_of is None
    )


class PostAtOnce:
    """`is_strict` tells of accounts that were met before; None sends others the long way."""

    def __init__(
        self,
        tenant_id: TenantId,
        *,
        is_strict: Callable[[TenantId, AccountId], bool | None],
    ) -> None:
        self._tenant_id = tenant_id
        self._is_strict = is_strict

    def arguments(self, post: Post) -> tuple[object, ...] | None:
        """None when the post is not plain, or names an account that was never met."""
        if not is_plain(post):
            return None
        transaction, request = post.transaction, post.request
        accounts = [entry.account_id for entry in transaction.entries]
        strict = {each: self._is_strict(self._tenant_id, each) for each in accounts}
        if None in strict.values():
            return None
        return (
            self._tenant_id,
            transaction.id,
            transaction.template,
            transaction.reference,
            transaction.effective_on,
            accounts,
            [str(entry.asset) for entry in transaction.entries],
            text_units(entry.units for entry in transaction.entries),
            _locked(strict),
            None if request is None else request.key,
            None if request is None else request.fingerprint,
        )


def _locked(strict: Mapping[AccountId, bool | None]) -> list[AccountId]:
    return sorted(account_id for account_id, locked in strict.items() if locked)


async def post_at_once(connection: Connection, arguments: tuple[object, ...]) -> bool:
    """False when a constraint refused it: an open transaction is then of no further use."""
    try:
        await connection.fetchval(POST_ONE, *arguments)
    except REFUSED:
        return False
    return True
