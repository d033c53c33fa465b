from application.ledger.anchoring import SealChainDisagrees, write_down
from application.ledger.seal_ledger import signed
from application.ports.clock import Clock
from application.ports.seals import SealAnchor
from application.ports.signing import Signer
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.seal import Seal, new_epoch
from domain.ledger.seal_chain import Expected
from domain.shared.ids import TenantId
from domain.tenants.operator import Operator, require_second_person


class BeginEpoch:
    """- After a restore to an earlier moment the chain goes on behind the last block there is.
    - Two operators declare it: one person could cut the end off and call what is left whole.
    - The first block of the new epoch carries the reason and their names, is signed, and written
      down like all.
    - Blocks that the restore has undone stay written down; from now on they are history.
    - A chain that was changed, and not merely cut, is not continued at all.
    """

    def __init__(
        self, *, uow: UnitOfWork, signer: Signer, anchor: SealAnchor, clock: Clock
    ) -> None:
        self._uow = uow
        self._signer = signer
        self._anchor = anchor
        self._clock = clock

    async def execute(
        self, tenant_id: TenantId, *, reason: str, by: tuple[Operator, Operator]
    ) -> Seal:
        """Raises `SecondOperatorRequired`, `SealChainDisagrees`, `SealInvalid`,
        `SignerUnavailable`.
        """
        require_second_person(*by)
        expected = Expected()
        for line in await self._anchor.lines(tenant_id):
            if line is not None:
                expected.follow(line)
        head = await self._head(tenant_id, expected)
        header = new_epoch(
            tenant_id, head, after=expected.epoch, reason=reason, by=by, at=self._clock.now()
        )
        seal = await signed(self._signer, header)
        async with self._uow.begin(tenant_id) as tx:
            if not await tx.seals.add(seal, ()):
                raise SealChainDisagrees("somebody has sealed a block meanwhile: try again")
            await tx.commit()
        last = 0 if head is None else head.header.number
        await write_down(self._uow, self._anchor, tenant_id, after=min(len(expected), last))
        return seal

    async def _head(self, tenant_id: TenantId, expected: Expected) -> Seal | None:
        """The last block, if all that was anchored of those that are there is as it was."""
        async with self._uow.begin(tenant_id) as tx:
            head = await tx.seals.head()
            if head is None:
                return None
            common = min(head.header.number, len(expected))
            at = await tx.seals.after(common - 1, limit=1) if common else ()
        # Each block holds the hash of the one before, so that the last in common stands for all.
        if at and at[0].hash != expected.hash_of(common):
            raise SealChainDisagrees(f"block {common} is not the one that was anchored")
        return head
