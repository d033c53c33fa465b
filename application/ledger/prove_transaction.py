from typing import ClassVar

import msgspec

from application.ledger.anchoring import SealChainDisagrees
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.canonical import FORMATS, Fields, transaction_bytes
from domain.ledger.merkle import inclusion_path, leaf_hash, root_of
from domain.ledger.seal import header_fields
from domain.shared.errors import Conflict, NotFound
from domain.shared.ids import TenantId, TransactionId

PROOF_FORMAT = "aksum proof 1"


class NotSealedYet(Conflict):
    """What is booked is sealed within a minute. Ask again then."""

    code: ClassVar[str] = "transaction_not_sealed"


class ProvedTransaction(msgspec.Struct, frozen=True):
    header: Fields
    entries: tuple[Fields, ...]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """That a transaction is in a block, and who says so. Bytes are hexadecimal.

    Nothing is in it that its reader does not check: what can be computed, or must be known from
    elsewhere, like the key, is not said.

    `index` counts the block's transactions from 0, `path` begins beside the leaf.
    """

    proof: str = PROOF_FORMAT
    transaction: ProvedTransaction
    index: int
    path: tuple[str, ...]
    block: Fields
    signature: str


class ProveTransaction:
    """- A proof holds all there is to check it, but for the key that whoever reads it trusts.
    - It is made of what is stored now: if that is not what was sealed, there is none.
    """

    def __init__(self, *, uow: UnitOfWork) -> None:
        self._uow = uow

    async def execute(self, tenant_id: TenantId, transaction_id: TransactionId) -> Proof:
        """Raises `NotFound`, `NotSealedYet`, `SealChainDisagrees`."""
        async with self._uow.begin(tenant_id) as tx:
            stored = await tx.seals.row(transaction_id)
            if stored is None:
                raise NotFound("no such transaction")
            seal = await tx.seals.covering(stored.booked_at)
            if seal is None:
                raise NotSealedYet("the transaction is not sealed yet")
            leaves = await tx.seals.leaves(seal.header.number)
        format_ = seal.header.format
        columns = FORMATS[format_]
        leaf = leaf_hash(transaction_bytes(stored.row, format_=format_))
        hashes = [each.hash for each in leaves]
        if leaf not in hashes or root_of(hashes) != seal.header.merkle_root:
            raise SealChainDisagrees(
                f"the transaction is not as block {seal.header.number} sealed it"
            )
        index = hashes.index(leaf)
        return Proof(
            transaction=ProvedTransaction(
                header={name: stored.row.header[name] for name in columns.header},
                entries=tuple(
                    {name: entry[name] for name in columns.entry_with_account}
                    for entry in stored.row.entries
                ),
            ),
            index=index,
            path=tuple(each.hex() for each in inclusion_path(hashes, index)),
            block=header_fields(seal.header),
            signature=seal.signature.hex(),
        )
