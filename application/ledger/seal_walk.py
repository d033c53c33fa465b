"""Along one tenant's chain, from its first block to its last, noting whatever disagrees."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from typing import Final

from application.ledger.block_contents import BlockContents, read_block
from application.ports.clock import Clock
from application.ports.seals import Leaf
from application.ports.signing import TrustedKeys
from application.ports.unit_of_work import UnitOfWork
from application.ports.verification import Finding
from domain.ledger.canonical import FORMATS
from domain.ledger.merkle import root_of
from domain.ledger.seal import Seal
from domain.ledger.seal_chain import (
    Anchored,
    Begun,
    ChainWalk,
    Disagreement,
    Expected,
    rows_disagreement,
)
from domain.shared.ids import IdPrefix, TenantId, TransactionId, encode_id

PAGE: Final = 500
# A block is written down at once; when it still is not by then, nobody is doing it.
ANCHORED_WITHIN: Final = timedelta(minutes=10)

SIGNATURE: Final = "seal_is_signed_by_a_trusted_key"
NOT_ANCHORED: Final = "seal_is_anchored"
LEAVES: Final = "seal_leaves_are_the_sealed_ones"
FORMAT_KNOWN: Final = "seal_format_is_known"
ANCHOR_LINE: Final = "seal_anchor_is_readable"


class SealWalk:
    def __init__(
        self, uow: UnitOfWork, tenant_id: TenantId, *, keys: TrustedKeys | None, clock: Clock
    ) -> None:
        self.tenant_id = tenant_id
        self.findings: list[Finding] = []
        self.epochs: list[Begun] = []
        self.blocks = self.transactions = self.transactions_read = 0
        self._uow = uow
        self._keys = keys
        self._clock = clock

    async def run(self, lines: Sequence[Anchored | None] | None, *, newest: int | None) -> None:
        """`lines` were read before, None where there is no anchor; a `newest` of None is all."""
        chain, expected = ChainWalk(), self._expected(lines or ())
        head, last = await self._head(), 0
        first_read = 1 if newest is None or head is None else head.header.number - newest + 1
        unanchored: Seal | None = None
        async for seal in self._chain():
            self.blocks += 1
            self.transactions += seal.header.transactions
            last = seal.header.number
            self._note(chain.follow(seal))
            self.epochs += filter(None, (expected.begun(seal),))
            await self._check_signature(seal)
            if lines is not None:
                self._note(filter(None, (expected.disagreement(seal),)))
            if last > len(expected) and unanchored is None:
                unanchored = seal
            if last >= first_read:
                await self._check_rows(seal)
        if lines is not None:
            self._note(filter(None, (expected.missing_after(last),)))
            self._check_anchored(unanchored)

    def _expected(self, lines: Iterable[Anchored | None]) -> Expected:
        expected = Expected()
        for place, line in enumerate(lines, start=1):
            if line is None:
                self._find(ANCHOR_LINE, f"line {place}", "it is no seal")
            else:
                self._note(filter(None, (expected.follow(line),)))
        return expected

    async def _head(self) -> Seal | None:
        async with self._uow.begin(self.tenant_id) as tx:
            return await tx.seals.head()

    async def _chain(self) -> AsyncIterator[Seal]:
        number = 0
        while True:
            async with self._uow.begin(self.tenant_id) as tx:
                page = await tx.seals.after(number, limit=PAGE)
            for seal in page:
                yield seal
            if len(page) < PAGE:
                return
            number = page[-1].header.number

    async def _check_signature(self, seal: Seal) -> None:
        if self._keys is not None and not await self._keys.is_signed(
            seal.hash, signature=seal.signature, key_id=seal.key_id
        ):
            self._find(SIGNATURE, _block(seal.header.number), f"key {seal.key_id}")

    def _check_anchored(self, unanchored: Seal | None) -> None:
        if unanchored is None or self._clock.now() - unanchored.header.sealed_at < ANCHORED_WITHIN:
            return
        detail = "neither it nor a later one is written down outside the database"
        self._find(NOT_ANCHORED, _block(unanchored.header.number), detail)

    async def _check_rows(self, seal: Seal) -> None:
        header = seal.header
        if header.format not in FORMATS:
            self._find(FORMAT_KNOWN, _block(header.number), f"format {header.format}")
            return
        if header.reason is not None:
            return
        async with self._uow.begin(self.tenant_id) as tx:
            found = await read_block(
                tx.seals, header.reads_from, header.booked_to, format_=header.format
            )
            stored = await tx.seals.leaves(header.number)
        self.transactions_read += found.contents.transactions
        disagreement = rows_disagreement(seal, found.contents)
        are_sealed = root_of(leaf.hash for leaf in stored) == header.merkle_root
        if disagreement is not None:
            subject = _first(stored, found) if are_sealed else "which one is not known any more"
            self._find(
                disagreement.check,
                f"{_block(header.number)}, {subject}",
                disagreement.detail,
            )
        elif stored != found.leaves:
            self._find(LEAVES, _block(header.number), "what it was made of was changed")

    def _note(self, disagreements: Iterable[Disagreement]) -> None:
        for each in disagreements:
            self._find(each.check, _block(each.number), each.detail)

    def _find(self, check: str, subject: str, detail: str) -> None:
        self.findings.append(
            Finding(check=check, tenant_id=self.tenant_id, subject=subject, detail=detail)
        )


def _block(number: int) -> str:
    return f"block {number}"


def _first(stored: Sequence[Leaf], found: BlockContents) -> str:
    """The first transaction, in the order of the block, that is not as it was sealed."""
    there = {leaf.transaction_id: leaf.hash for leaf in found.leaves}
    sealed = {leaf.transaction_id for leaf in stored}
    for leaf in stored:
        now = there.get(leaf.transaction_id)
        if now != leaf.hash:
            return f"{_name(leaf.transaction_id)} {'is gone' if now is None else 'was changed'}"
    for leaf in found.leaves:
        if leaf.transaction_id not in sealed:
            return f"{_name(leaf.transaction_id)} was added"
    return "the order of its transactions"


def _name(transaction_id: TransactionId) -> str:
    return encode_id(IdPrefix.TRANSACTION, transaction_id)
