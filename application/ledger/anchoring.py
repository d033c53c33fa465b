"""Keeping what is written down outside the database abreast of the seals in it.

A seal is committed first and written down then, so the anchor may be behind, after a crash by a
block or two, and it is never ahead, unless blocks were taken away from the database.
"""

from typing import Final

from application.ports.seals import SealAnchor
from application.ports.unit_of_work import UnitOfWork
from domain.shared.errors import Conflict
from domain.shared.ids import TenantId

PAGE: Final = 500
# Whoever seals writes down all there is before and after each block, so a crash leaves no more than
# one block of each of those who sealed at once. An anchor that is further behind was taken away, or
# cut, and what there is must not be written down as if it had always been there.
UNANCHORED_MAX: Final = 8


class SealChainDisagrees(Conflict):
    """The seals in the database are not those that were anchored: a person has to look."""

    code = "seal_chain_disagrees"


async def catch_up(uow: UnitOfWork, anchor: SealAnchor, tenant_id: TenantId) -> None:
    """Writes down what is not yet. Raises `SealChainDisagrees`, `AnchorUnreadable`.

    Two at once write some lines twice, which changes nothing.
    """
    anchored = await anchor.head(tenant_id)
    number = 0 if anchored is None else anchored.number
    async with uow.begin(tenant_id) as tx:
        head = await tx.seals.head()
        same = await tx.seals.after(number - 1, limit=1) if anchored is not None else ()
    if anchored is not None and (not same or same[0].hash != anchored.hash):
        raise SealChainDisagrees(
            f"block {number} of epoch {anchored.epoch} was anchored and is not in the database"
        )
    behind = 0 if head is None else head.header.number - number
    if behind > UNANCHORED_MAX:
        raise SealChainDisagrees(f"{behind} blocks are there and not anchored: the anchor was cut")
    await write_down(uow, anchor, tenant_id, after=number)


async def write_down(
    uow: UnitOfWork, anchor: SealAnchor, tenant_id: TenantId, *, after: int
) -> None:
    while True:
        async with uow.begin(tenant_id) as tx:
            page = await tx.seals.after(after, limit=PAGE)
        await anchor.append(page)
        if len(page) < PAGE:
            return
        after = page[-1].header.number
