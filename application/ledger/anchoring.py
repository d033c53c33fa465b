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
# A chain this long whose anchor is gone altogether did not lose it in a crash.
UNANCHORED_MAX: Final = 100


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
    if anchored is None and head is not None and head.header.number > UNANCHORED_MAX:
        raise SealChainDisagrees(f"{head.header.number} blocks are there and none is anchored")
    if anchored is not None and (not same or same[0].hash != anchored.hash):
        raise SealChainDisagrees(
            f"block {number} of epoch {anchored.epoch} was anchored and is not in the database"
        )
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
