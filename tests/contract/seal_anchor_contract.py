from application.ports.seals import SealAnchor
from domain.ledger.seal_chain import anchored
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.unit.domain.ledger.seals import TENANT, chain, following, restarted


class SealAnchorContract:
    async def test_nothing_is_there_at_first(self, anchor: SealAnchor) -> None:
        assert not await anchor.exists()
        assert await anchor.tenants() == ()
        assert await anchor.head(TENANT) is None
        assert await anchor.lines(TENANT) == ()

    async def test_no_blocks_leave_no_trace(self, anchor: SealAnchor) -> None:
        await anchor.append(())
        assert not await anchor.exists()

    async def test_blocks_are_read_back_in_order(self, anchor: SealAnchor) -> None:
        first, second = chain(2)
        await anchor.append((first,))
        assert await anchor.head(TENANT) == anchored(first)
        later = restarted(second, after=6)
        await anchor.append((second, later))
        lines = await anchor.lines(TENANT)
        assert lines == tuple(map(anchored, (first, second, later)))
        assert [(line.epoch, line.number, line.begins_epoch) for line in lines if line] == [
            (1, 1, False),
            (1, 2, False),
            (7, 3, True),
        ]
        assert await anchor.head(TENANT) == lines[-1]
        assert await anchor.exists()

    async def test_tenants_and_the_house_are_apart(self, anchor: SealAnchor) -> None:
        ours, theirs = chain(2), chain(1, tenant_id=HOUSE_TENANT_ID)
        await anchor.append(ours)
        await anchor.append(theirs)
        assert set(await anchor.tenants()) == {TENANT, HOUSE_TENANT_ID}
        assert await anchor.lines(TENANT) == tuple(map(anchored, ours))
        assert await anchor.head(HOUSE_TENANT_ID) == anchored(theirs[-1])

    async def test_nothing_that_was_written_down_is_replaced(self, anchor: SealAnchor) -> None:
        """Another block of the same number is one line more: what disagrees has to be seen."""
        first, second = chain(2)
        other = following(first, root=b"x" * 32)
        await anchor.append((first, second))
        await anchor.append((other,))
        assert await anchor.lines(TENANT) == tuple(map(anchored, (first, second, other)))

    async def test_head_of_a_long_chain_is_its_last_block(self, anchor: SealAnchor) -> None:
        seals = chain(300)
        await anchor.append(seals)
        assert await anchor.head(TENANT) == anchored(seals[-1])
        await anchor.append((following(seals[-1]),))
        assert len(await anchor.lines(TENANT)) == 301
