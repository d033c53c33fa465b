import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from application import crash_points
from application.errors import Overloaded
from application.ledger.anchoring import catch_up
from application.ledger.block_contents import BlockContents, read_block
from application.ledger.books import all_books
from application.ports.clock import Clock
from application.ports.ledger_clock import LedgerClock
from application.ports.seals import SealAnchor
from application.ports.signing import Signer, SignerUnavailable
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.canonical import FORMAT
from domain.ledger.seal import (
    GENESIS,
    TRANSACTIONS_MAX,
    BlockHeader,
    Seal,
    block_hash,
    next_block,
    sealed_until,
)
from domain.shared.errors import DomainError
from domain.shared.ids import TenantId

BLOCKS_MAX: Final = 4  # of one tenant in one pass: nobody's backlog keeps the others waiting

_log = logging.getLogger(__name__)


class NotSealed(msgspec.Struct, frozen=True):
    tenant_id: TenantId
    code: str
    detail: str


class SealReport(msgspec.Struct, frozen=True, kw_only=True):
    """`backlog` counts tenants that have more to seal than one pass does."""

    closed_until: datetime | None
    blocks: int
    transactions: int
    backlog: int
    refused: tuple[NotSealed, ...]


class Draft(msgspec.Struct, frozen=True):
    header: BlockHeader
    read: BlockContents


class SealLedger:
    """- What was booked in time that is closed is sealed, block after block, for each tenant.
    - Membership is by booking time: no slower transaction can be missed, however late it commits.
    - Sealed rows commit first and are written down outside the database then; a crash in between
      is made up for by the next pass.
    - A chain that is not the one that was written down is not continued: a person has to look.
    - Two at once seal nothing twice.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        ledger_clock: LedgerClock,
        signer: Signer,
        anchor: SealAnchor,
        clock: Clock,
        transactions_max: int = TRANSACTIONS_MAX,
    ) -> None:
        self._uow = uow
        self._ledger_clock = ledger_clock
        self._signer = signer
        self._anchor = anchor
        self._clock = clock
        self._transactions_max = transactions_max

    async def execute(self, tenants: Sequence[TenantId] | None = None) -> SealReport:
        """Raises `SignerUnavailable`: without a key nobody's books can be sealed."""
        closed_until = await self._ledger_clock.advance()
        sealed: list[Seal] = []
        refused: list[NotSealed] = []
        backlog = 0
        for tenant_id in tenants or await all_books(self._uow):
            if closed_until is None:
                break
            try:
                blocks = await self.seal(tenant_id, closed_until=closed_until)
            except (Overloaded, SignerUnavailable):
                raise
            except DomainError as error:
                _log.error("books of tenant %s are not sealed: %s", tenant_id, error.detail)
                refused.append(NotSealed(tenant_id, error.code, error.detail))
                continue
            except Exception as error:  # noqa: BLE001 - one tenant must not stop the others
                _log.exception("sealing the books of tenant %s failed", tenant_id)
                refused.append(NotSealed(tenant_id, "failed", type(error).__name__))
                continue
            sealed += blocks
            backlog += len(blocks) == BLOCKS_MAX
        return SealReport(
            closed_until=closed_until,
            blocks=len(sealed),
            transactions=sum(seal.header.transactions for seal in sealed),
            backlog=backlog,
            refused=tuple(refused),
        )

    async def seal(self, tenant_id: TenantId, *, closed_until: datetime) -> tuple[Seal, ...]:
        """The blocks made now. Raises `SealChainDisagrees`, `AnchorUnreadable`."""
        await catch_up(self._uow, self._anchor, tenant_id)
        made: list[Seal] = []
        for _ in range(BLOCKS_MAX):
            draft = await self._draft(tenant_id, closed_until)
            if draft is None:
                break
            seal = await signed(self._signer, draft.header)
            if crash_points.armed:
                await crash_points.reach(crash_points.SEAL_SIGNED)
            async with self._uow.begin(tenant_id) as tx:
                first = await tx.seals.add(seal, draft.read.leaves)
                if first:
                    if crash_points.armed:
                        await crash_points.reach(crash_points.SEAL_BEFORE_COMMIT)
                    await tx.commit()
            if first:
                if crash_points.armed:
                    await crash_points.reach(crash_points.SEAL_COMMITTED)
                made.append(seal)
            # Also what somebody else has sealed meanwhile: lines go out in order.
            await catch_up(self._uow, self._anchor, tenant_id)
        return tuple(made)

    async def _draft(self, tenant_id: TenantId, closed_until: datetime) -> Draft | None:
        async with self._uow.begin(tenant_id) as tx:
            head = await tx.seals.head()
            begin = sealed_until(head)
            since = None if begin == GENESIS else begin
            if closed_until <= begin:
                return None
            end = await tx.seals.end_of_block(
                since, closed_until, transactions_max=self._transactions_max
            )
            if end is None:
                return None
            read = await read_block(tx.seals, since, end, format_=FORMAT)
        header = next_block(tenant_id, head, read.contents, booked_to=end, at=self._clock.now())
        return Draft(header, read)


async def signed(signer: Signer, header: BlockHeader) -> Seal:
    """Outside any transaction: a signer may be across a network. Raises `SignerUnavailable`."""
    digest = block_hash(header)
    signature = await signer.sign(digest)
    return Seal(header=header, hash=digest, signature=signature.value, key_id=signature.key_id)
