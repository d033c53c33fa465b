"""Batches of transfers, and the one answer that a key has."""

import asyncio
from collections.abc import Iterable

import pytest

from application.errors import IdempotencyInProgress
from application.ports.idempotency import Refusal
from application.ports.movements import Transfer
from application.ports.transfer_batches import ItemAnswer, TransferBatch
from domain.shared.errors import NotFound
from domain.shared.ids import CustomerId, TransferBatchId, TransferId
from tests.contract.world import USDT, Party, World

REFUSED = Refusal("insufficient_funds", "there is not enough")


class TransferBatchesContract:
    async def test_added_batch_is_read_back_as_its_items_came(self, world: World) -> None:
        party = await world.party()
        transfers = await transfers_between(world, party, await other_of(world, party), count=2)
        batch = batch_of(
            world,
            done("z", transfers[0]),
            ItemAnswer(key="a", fingerprint=bytes(32), refusal=REFUSED),
            done("m", transfers[1], replayed=True, decides=False),
        )
        await add(world, party, batch)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.transfer_batches.get(batch.id) == batch
            with pytest.raises(NotFound):
                await tx.transfer_batches.get(TransferBatchId(world.id()))

    async def test_only_deciding_answers_are_found_by_their_keys(self, world: World) -> None:
        party = await world.party()
        decided = ItemAnswer(key="a", fingerprint=b"\1" * 32, refusal=REFUSED)
        not_free = ItemAnswer(key="b", fingerprint=bytes(32), refusal=REFUSED, decides=False)
        await add(world, party, batch_of(world, decided, not_free))
        repeated = ItemAnswer(
            key="a", fingerprint=bytes(32), refusal=REFUSED, replayed=True, decides=False
        )
        await add(world, party, batch_of(world, repeated))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.transfer_batches.answered(["a", "b", "c"]) == {"a": decided}

    async def test_key_is_decided_once(self, world: World) -> None:
        party = await world.party()
        await add(world, party, batch_of(world, refusal_of("b"), refusal_of("a")))
        second = batch_of(world, refusal_of("c"), refusal_of("a"))
        with pytest.raises(IdempotencyInProgress):
            await add(world, party, second)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert (await tx.transfer_batches.answered(["a", "b", "c"])).keys() == {"a", "b"}
            with pytest.raises(NotFound):
                await tx.transfer_batches.get(second.id)

    async def test_of_batches_at_once_that_share_keys_one_decides(self, world: World) -> None:
        party = await world.party()
        keys = [f"key-{number}" for number in range(20)]
        batches = [
            batch_of(world, *(refusal_of(key) for key in order))
            for order in (keys, keys[::-1], keys[10:] + keys[:10])
        ]
        results = await asyncio.gather(
            *(add(world, party, batch) for batch in batches), return_exceptions=True
        )
        assert results.count(None) == 1
        failed = [each for each in results if each is not None]
        assert all(isinstance(each, IdempotencyInProgress) for each in failed), failed

    async def test_nothing_of_another_tenant_is_found(self, world: World) -> None:
        party, stranger = await world.party(), await world.party()
        batch = batch_of(world, refusal_of("a"))
        await add(world, party, batch)
        async with world.ports.uow.begin(stranger.tenant_id) as tx:
            assert await tx.transfer_batches.answered(["a"]) == {}
            with pytest.raises(NotFound):
                await tx.transfer_batches.get(batch.id)
        await add(world, stranger, batch_of(world, refusal_of("a")))

    async def test_transfers_added_together_are_found_together(self, world: World) -> None:
        party = await world.party()
        transfers = await transfers_between(world, party, await other_of(world, party), count=3)
        wanted = [transfers[0].id, transfers[2].id, TransferId(world.id())]
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.transfers.find_all(wanted) == {
                each.id: each for each in (transfers[0], transfers[2])
            }
            assert await tx.transfers.get(transfers[1].id) == transfers[1]
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.transfers.find_all(wanted) == {}

    async def test_customers_are_found_together(self, world: World) -> None:
        party = await world.party()
        other = await world.party(party.tenant_id)
        wanted = [party.customer.id, other.customer.id, CustomerId(world.id())]
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.customers.find_all(wanted) == {
                each.customer.id: each.customer for each in (party, other)
            }
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.customers.find_all(wanted) == {}


def refusal_of(key: str) -> ItemAnswer:
    return ItemAnswer(key=key, fingerprint=bytes(32), refusal=REFUSED)


def done(key: str, made: Transfer, *, replayed: bool = False, decides: bool = True) -> ItemAnswer:
    return ItemAnswer(
        key=key,
        fingerprint=bytes(range(32)),
        transfer_id=made.id,
        replayed=replayed,
        decides=decides,
    )


def batch_of(world: World, *answers: ItemAnswer) -> TransferBatch:
    return TransferBatch(
        id=TransferBatchId(world.id()), atomic=True, answers=answers, created_at=world.now
    )


async def add(world: World, party: Party, batch: TransferBatch) -> None:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        await tx.transfer_batches.add(batch)
        await tx.commit()


async def other_of(world: World, party: Party) -> Party:
    return await world.party(party.tenant_id)


async def transfers_between(
    world: World, payer: Party, payee: Party, *, count: int
) -> list[Transfer]:
    """The middle one is without a reference."""
    references: Iterable[str | None] = ("rent", None, "Miete März")
    transfers = [
        Transfer(
            id=TransferId(world.id()),
            from_customer_id=payer.customer.id,
            to_customer_id=payee.customer.id,
            asset=USDT.code,
            units=5 + 10**25,
            reference=reference,
            status="completed",
            transaction_id=world.header().transaction_id,
            created_at=world.now,
            updated_at=world.now,
        )
        for _, reference in zip(range(count), references, strict=False)
    ]
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        await tx.transfers.add_all(transfers)
        await tx.commit()
    return transfers
