from uuid import UUID

from msgspec.structs import replace

from application.ports.seals import Leaf, Place, Seals
from domain.ledger.canonical import FORMAT, FORMATS, JournalRow, transaction_bytes
from domain.ledger.merkle import leaf_hash, root_of
from domain.ledger.seal import BlockHeader, Contents, Seal, block_hash, new_epoch, next_block
from domain.shared.ids import TenantId, TransactionId
from tests.contract.transfers import at_once, booked, later, move, moving
from tests.contract.world import World
from tests.unit.domain.ledger.seals import TWO

SIGNATURE = bytes(64)
KEY = "0123456789abcdef"
REASON = "the database was restored"


class SealsContract:
    async def test_rows_come_with_all_columns_in_order_of_booking(self, world: World) -> None:
        party, moved = await moving(world, 3)
        rows = await journal(world, party.tenant_id)
        assert [row.id for row in rows][-3:] == [str(each.id) for each in moved]
        columns = FORMATS[FORMAT]
        for row in rows:
            assert set(columns.header) <= row.header.keys()
            assert all(set(columns.entry_with_account) <= entry.keys() for entry in row.entries)
            assert all(entry["account_code"] for entry in row.entries)
            assert [entry["leg"] for entry in row.entries] == ["0", "1"]
            assert row.header["tenant_id"] == str(party.tenant_id)
            assert transaction_bytes(row)

    async def test_amounts_and_days_are_plain_text(self, world: World) -> None:
        party, (moved,) = await moving(world, 1, units=10**9)
        row = (await journal(world, party.tenant_id))[-1]
        assert [entry["units"] for entry in row.entries] == ["-1000000000", "1000000000"]
        assert row.header["effective_on"] == moved.effective_on.isoformat()
        assert row.header["reverses"] is None

    async def test_pages_continue_behind_the_last_row(self, world: World) -> None:
        party, _ = await moving(world, 4)
        whole = await journal(world, party.tenant_id)
        paged: list[JournalRow] = []
        async with world.ports.uow.begin(party.tenant_id) as tx:
            while True:
                after = Place(paged[-1].booked_at, paged[-1].id) if paged else None
                page = await tx.seals.page(None, later(world), after=after, limit=2)
                paged += page
                if len(page) < 2:
                    break
        assert tuple(paged) == whole

    async def test_range_has_its_beginning_and_not_its_end(self, world: World) -> None:
        party, moved = await moving(world, 2)
        first, second = [await booked(world, party.tenant_id, each.id) for each in moved]
        async with world.ports.uow.begin(party.tenant_id) as tx:
            rows = await tx.seals.page(first, second, after=None, limit=10)
            assert [row.id for row in rows] == [str(moved[0].id)]
            assert await tx.seals.page(first, first, after=None, limit=10) == ()

    async def test_row_of_one_transaction_is_as_the_page_has_it(self, world: World) -> None:
        party, (moved,) = await moving(world, 1)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            stored = await tx.seals.row(moved.id)
            assert stored is not None
            assert stored.row == (await pages(tx.seals, world))[-1]
            assert stored.booked_at == (await tx.journal.transaction(moved.id)).booked_at
            assert await tx.seals.row(TransactionId(world.id())) is None

    async def test_block_ends_where_time_ends_when_there_is_room(self, world: World) -> None:
        party, _ = await moving(world, 2)
        until = later(world)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.seals.end_of_block(None, until, transactions_max=100) == until
            assert await tx.seals.end_of_block(until, later(world), transactions_max=9) is None

    async def test_full_block_ends_before_the_transaction_that_has_no_room(
        self, world: World
    ) -> None:
        party, moved = await moving(world, 3)
        first, _, third = [await booked(world, party.tenant_id, each.id) for each in moved]
        async with world.ports.uow.begin(party.tenant_id) as tx:
            end = await tx.seals.end_of_block(first, later(world), transactions_max=2)
            assert end == third
            assert len(await tx.seals.page(first, third, after=None, limit=9)) == 2

    async def test_what_was_booked_in_one_instant_is_not_divided(self, world: World) -> None:
        party, together = await at_once(world, 3)
        at = await booked(world, party.tenant_id, together[0].id)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            until = later(world)
            assert await tx.seals.end_of_block(at, until, transactions_max=2) == until
        world.pass_time()
        after = await move(world, party, world.moving(party.usdt, party.other, 1))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.seals.end_of_block(at, later(world), transactions_max=2) == after

    async def test_chain_is_empty_at_first(self, world: World) -> None:
        tenant_id = await world.tenant()
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.seals.head() is None
            assert await tx.seals.after(0, limit=10) == ()
            assert await tx.seals.covering(world.now) is None
            assert await tx.seals.leaves(1) == ()

    async def test_seal_is_read_back_as_it_was_added(self, world: World) -> None:
        party, (moved,) = await moving(world, 1)
        seal, leaves = await sealing(world, party.tenant_id, None)
        assert await add(world, seal, leaves)
        epoch = sealed(
            new_epoch(party.tenant_id, seal, after=4, reason=REASON, by=TWO, at=world.now)
        )
        assert await add(world, epoch, ())
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.seals.head() == epoch
            assert await tx.seals.after(0, limit=10) == (seal, epoch)
            assert await tx.seals.after(1, limit=10) == (epoch,)
            assert await tx.seals.after(0, limit=1) == (seal,)
            assert await tx.seals.leaves(1) == leaves
            at = (await tx.journal.transaction(moved.id)).booked_at
            assert await tx.seals.covering(at) == seal
            assert await tx.seals.covering(seal.header.booked_to) is None

    async def test_second_block_of_a_number_is_not_added(self, world: World) -> None:
        party, _ = await moving(world, 1)
        seal, leaves = await sealing(world, party.tenant_id, None)
        assert await add(world, seal, leaves)
        other = replace(seal, header=replace(seal.header, epoch=7))
        assert not await add(world, other, leaves)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.seals.after(0, limit=10) == (seal,)

    async def test_chains_of_tenants_are_apart(self, world: World) -> None:
        party, _ = await moving(world, 1)
        seal, leaves = await sealing(world, party.tenant_id, None)
        assert await add(world, seal, leaves)
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.seals.head() is None
            assert await tx.seals.leaves(1) == ()
            assert await pages(tx.seals, world) == ()


async def journal(world: World, tenant_id: TenantId) -> tuple[JournalRow, ...]:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await pages(tx.seals, world)


async def pages(seals: Seals, world: World) -> tuple[JournalRow, ...]:
    return await seals.page(None, later(world), after=None, limit=100)


async def sealing(
    world: World, tenant_id: TenantId, head: Seal | None
) -> tuple[Seal, tuple[Leaf, ...]]:
    """Over all there is."""
    rows = await journal(world, tenant_id)
    hashes = [leaf_hash(transaction_bytes(row)) for row in rows]
    leaves = tuple(
        Leaf(TransactionId(UUID(row.id)), each) for row, each in zip(rows, hashes, strict=True)
    )
    contents = Contents(len(rows), sum(len(row.entries) for row in rows), root_of(hashes))
    header = next_block(tenant_id, head, contents, booked_to=later(world), at=world.now)
    return sealed(header), leaves


def sealed(header: BlockHeader) -> Seal:
    return Seal(header=header, hash=block_hash(header), signature=SIGNATURE, key_id=KEY)


async def add(world: World, seal: Seal, leaves: tuple[Leaf, ...]) -> bool:
    async with world.ports.worker_uow.begin(seal.header.tenant_id) as tx:
        added = await tx.seals.add(seal, leaves)
        if added:
            await tx.commit()
    return added
