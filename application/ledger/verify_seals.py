from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from application.ledger.books import all_books
from application.ledger.seal_walk import SealWalk
from application.ports.clock import Clock
from application.ports.seals import SealAnchor
from application.ports.signing import TrustedKeys
from application.ports.unit_of_work import UnitOfWork
from application.ports.verification import Finding
from domain.ledger.seal_chain import Begun
from domain.shared.ids import TenantId
from domain.tenants.tenant import HOUSE_TENANT_ID

# Without `full`, the rows of this many blocks of each tenant are read again, the newest ones.
NEWEST_BLOCKS: Final = 100

KEYS_GIVEN: Final = "trusted_keys_are_given"
ANCHOR_GIVEN: Final = "seal_anchor_is_given"


class BegunEpoch(msgspec.Struct, frozen=True):
    tenant_id: TenantId
    begun: Begun


class SealVerification(msgspec.Struct, frozen=True, kw_only=True):
    """`signatures` and `anchor` say whether there was anything to compare with.

    Every epoch that was ever declared is in `epochs`: it is no fault, but somebody said that what
    is gone may be.
    """

    blocks: int
    transactions: int
    transactions_read: int
    signatures: bool
    anchor: bool
    epochs: tuple[BegunEpoch, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings


class VerifySeals:
    """- Every chain is whole: hashes, links, epochs, ranges, signatures by keys that are trusted.
    - Every block that was written down outside the database is there, and is the same.
    - The rows of the newest blocks are read again, or those of all, and come to the sealed root.
    - What disagrees is named: the tenant, the block, and where possible the transaction.
    """

    def __init__(
        self, *, uow: UnitOfWork, keys: TrustedKeys, anchor: SealAnchor, clock: Clock
    ) -> None:
        self._uow = uow
        self._keys = keys
        self._anchor = anchor
        self._clock = clock

    async def execute(
        self,
        *,
        full: bool = False,
        newest: int = NEWEST_BLOCKS,
        tenants: Sequence[TenantId] | None = None,
    ) -> SealVerification:
        """`full` also finds fault with having no keys, or no anchor, to compare with."""
        with_keys = bool(await self._keys.known())
        with_anchor = await self._anchor.exists()
        anchored = await self._anchor.tenants() if with_anchor else ()
        books = tenants or tuple(dict.fromkeys((*await all_books(self._uow), *anchored)))
        walks = [
            SealWalk(
                self._uow, tenant_id, keys=self._keys if with_keys else None, clock=self._clock
            )
            for tenant_id in books
        ]
        for walk in walks:
            lines = await self._anchor.lines(walk.tenant_id) if with_anchor else None
            await walk.run(lines, newest=None if full else newest)
        found = [finding for walk in walks for finding in walk.findings]
        if full and any(walk.blocks for walk in walks):
            found += _nothing_given(keys=with_keys, anchor=with_anchor)
        return SealVerification(
            blocks=sum(walk.blocks for walk in walks),
            transactions=sum(walk.transactions for walk in walks),
            transactions_read=sum(walk.transactions_read for walk in walks),
            signatures=with_keys,
            anchor=with_anchor,
            epochs=tuple(
                BegunEpoch(walk.tenant_id, begun) for walk in walks for begun in walk.epochs
            ),
            findings=tuple(found),
        )


def _nothing_given(*, keys: bool, anchor: bool) -> Iterator[Finding]:
    for check, given in ((KEYS_GIVEN, keys), (ANCHOR_GIVEN, anchor)):
        if not given:
            yield Finding(
                check=check,
                tenant_id=HOUSE_TENANT_ID,
                subject="all seals",
                detail="there is nothing here to compare them with",
            )
