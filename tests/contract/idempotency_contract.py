import asyncio

from application.errors import IdempotencyInProgress
from application.ports.idempotency import IdempotencyRecord, Refusal
from domain.shared.ids import TenantId
from tests.contract.world import World

CLAIMED = "claimed"
BUSY = "busy"
FINGERPRINT = bytes(range(32))


class IdempotencyContract:
    async def test_new_key_is_claimed_and_then_found(self, world: World) -> None:
        tenant_id, record = await world.tenant(), new_record(world)
        assert await claim(world, tenant_id, record) == CLAIMED
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.idempotency.find(record.key) == record
            assert await tx.idempotency.find("another key") is None

    async def test_second_claim_gets_the_first_record(self, world: World) -> None:
        tenant_id, record = await world.tenant(), new_record(world)
        await claim(world, tenant_id, record)
        assert await claim(world, tenant_id, new_record(world)) == record

    async def test_claim_with_another_fingerprint_gets_the_first_record_too(
        self, world: World
    ) -> None:
        tenant_id, record = await world.tenant(), new_record(world)
        await claim(world, tenant_id, record)
        assert await claim(world, tenant_id, new_record(world, bytes(32))) == record

    async def test_stored_refusal_is_read_back(self, world: World) -> None:
        tenant_id = await world.tenant()
        refused = IdempotencyRecord(
            key="a key",
            fingerprint=FINGERPRINT,
            resource="order",
            refusal=Refusal("insufficient_funds", "not enough"),
        )
        await claim(world, tenant_id, refused)
        assert await claim(world, tenant_id, new_record(world)) == refused

    async def test_key_of_a_rolled_back_transaction_is_free(self, world: World) -> None:
        tenant_id = await world.tenant()
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.idempotency.claim(new_record(world)) is None
        assert await claim(world, tenant_id, new_record(world)) == CLAIMED

    async def test_claim_of_a_key_in_flight_is_told_so_and_not_kept_waiting(
        self, world: World
    ) -> None:
        tenant_id, record = await world.tenant(), new_record(world)
        async with world.ports.uow.begin(tenant_id) as first:
            assert await first.idempotency.claim(record) is None
            assert await claim(world, tenant_id, new_record(world)) == BUSY
            await first.commit()
        assert await claim(world, tenant_id, new_record(world)) == record

    async def test_concurrent_claims_have_one_winner(self, world: World) -> None:
        tenant_id = await world.tenant()
        records = [new_record(world) for _ in range(4)]
        results = await asyncio.gather(*(claim(world, tenant_id, each) for each in records))
        (winner,) = [record for record, got in zip(records, results, strict=True) if got == CLAIMED]
        others = [got for got in results if got != CLAIMED]
        assert all(got in (winner, BUSY) for got in others)


def new_record(world: World, fingerprint: bytes = FINGERPRINT) -> IdempotencyRecord:
    return IdempotencyRecord(
        key="a key", fingerprint=fingerprint, resource="order", resource_id=world.id()
    )


async def claim(
    world: World, tenant_id: TenantId, record: IdempotencyRecord
) -> IdempotencyRecord | str:
    async with world.ports.uow.begin(tenant_id) as tx:
        try:
            first = await tx.idempotency.claim(record)
        except IdempotencyInProgress:
            return BUSY
        await tx.commit()
    return CLAIMED if first is None else first
