import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from application.ports.intents import Intent, IntentKind
from domain.shared.ids import TenantId
from tests.contract.settle_contract import try_to_commit
from tests.contract.world import LONG_LEASE, NO_LEASE, World

MIRROR = IntentKind.MIRROR
PAYLOAD = b'{"units": "12345678901234567890123", "what": ["a", null]}'


class IntentsContract:
    async def test_added_intent_is_due_at_once_with_its_payload(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        assert (intent.tenant_id, intent.kind, intent.subject) == (tenant_id, MIRROR, subject)
        assert msgspec.json.decode(intent.payload or b"") == msgspec.json.decode(PAYLOAD)
        assert (intent.lease_token, intent.attempts) == (1, 1)

    async def test_intent_without_payload_has_none(self, world: World) -> None:
        tenant_id, subject = await added(world, payload=None)
        (intent,) = await lease(world, tenant_id, subject)
        assert intent.payload is None

    async def test_leased_intent_is_not_leased_again(self, world: World) -> None:
        tenant_id, subject = await added(world)
        await lease(world, tenant_id, subject)
        assert await lease(world, tenant_id, subject) == ()

    async def test_lease_that_is_not_committed_binds_nobody(self, world: World) -> None:
        tenant_id, subject = await added(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.intents.lease(MIRROR, (subject,), duration=LONG_LEASE)
        assert len(await lease(world, tenant_id, subject)) == 1

    async def test_lapsed_lease_is_taken_over_with_a_new_token(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (first,) = await lease(world, tenant_id, subject, duration=NO_LEASE)
        (second,) = await lease(world, tenant_id, subject)
        assert second.lease_token > first.lease_token
        assert (first.attempts, second.attempts) == (1, 2)

    async def test_only_named_subjects_of_the_kind_are_leased(self, world: World) -> None:
        tenant_id, subject = await added(world)
        _, other = await added(world, tenant_id)
        async with world.ports.uow.begin(tenant_id) as tx:
            kind = IntentKind.SETTLE_EXECUTION
            assert await tx.intents.lease(kind, (subject,), duration=LONG_LEASE) == ()
            assert await tx.intents.lease(MIRROR, (), duration=LONG_LEASE) == ()
        leased = await lease(world, tenant_id, subject, world.id())
        assert [intent.subject for intent in leased] == [subject]
        assert len(await lease(world, tenant_id, subject, other)) == 1

    async def test_concurrent_leases_have_one_winner(self, world: World) -> None:
        tenant_id, one = await added(world)
        _, other = await added(world, tenant_id)
        wanted = [(one, other), (other, one)] * 2
        results = await asyncio.gather(*(lease(world, tenant_id, *each) for each in wanted))
        leased = [intent.subject for result in results for intent in result]
        assert sorted(leased) == sorted([one, other])

    async def test_finished_intent_is_gone(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject, duration=NO_LEASE)
        assert await finish(world, intent)
        assert await lease(world, tenant_id, subject) == ()
        assert not await finish(world, intent)

    async def test_lapsed_lease_that_nobody_took_over_still_counts(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject, duration=NO_LEASE)
        assert await finish(world, intent)

    async def test_lost_lease_finishes_postpones_and_parks_nothing(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (lost,) = await lease(world, tenant_id, subject, duration=NO_LEASE)
        (current,) = await lease(world, tenant_id, subject)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert not await tx.intents.postpone(lost, until=world.now, error=None)
            assert not await tx.intents.park(lost, error="no")
            assert not await tx.intents.finish(lost)
            await try_to_commit(tx)
        assert await lease(world, tenant_id, subject) == ()
        assert await finish(world, current)

    async def test_token_that_was_never_given_finishes_nothing(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        assert not await finish(world, replace(intent, lease_token=intent.lease_token + 1))
        assert not await finish(world, replace(intent, tenant_id=tenant_id, subject=world.id()))

    async def test_intent_postponed_into_the_past_is_due(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        assert await postpone(world, intent, until=world.now - timedelta(days=1))
        (again,) = await lease(world, tenant_id, subject)
        assert (again.lease_token, again.attempts) == (2, 2)

    async def test_intent_postponed_into_the_future_is_not_due(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        assert await postpone(world, intent, until=world.now + timedelta(days=1))
        assert await lease(world, tenant_id, subject) == ()

    async def test_lease_that_was_given_back_no_longer_finishes(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        await postpone(world, intent, until=world.now - timedelta(days=1))
        assert not await finish(world, intent)
        assert len(await lease(world, tenant_id, subject)) == 1

    async def test_parked_intent_waits_for_a_person(self, world: World) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject, duration=NO_LEASE)
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.intents.park(intent, error="contradiction")
            await tx.commit()
        assert await lease(world, tenant_id, subject) == ()
        assert not await finish(world, intent)

    async def test_intent_given_back_is_anothers_at_once_and_counts_no_attempt(
        self, world: World
    ) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        assert await give_back(world, intent)
        assert not await finish(world, intent)
        assert not await give_back(world, intent)
        (again,) = await lease(world, tenant_id, subject)
        assert (again.lease_token, again.attempts) == (2, 1)

    async def test_parked_intent_made_due_by_a_person_begins_anew(self, world: World) -> None:
        tenant_id, subject = await added(world)
        await lease(world, tenant_id, subject, duration=NO_LEASE)
        (intent,) = await lease(world, tenant_id, subject, duration=NO_LEASE)
        assert intent.attempts == 2
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.intents.park(intent, error="contradiction")
            assert await tx.intents.make_due(MIRROR, subject)
            await tx.commit()
        (again,) = await lease(world, tenant_id, subject)
        assert again.attempts == 1

    async def test_intent_is_set_aside_by_a_person_unless_somebody_is_at_it(
        self, world: World
    ) -> None:
        tenant_id, subject = await added(world)
        (intent,) = await lease(world, tenant_id, subject)
        assert not await set_aside(world, tenant_id, subject)
        assert await give_back(world, intent)
        assert await set_aside(world, tenant_id, subject)
        assert await lease(world, tenant_id, subject) == ()
        assert not await set_aside(world, tenant_id, subject)
        assert not await set_aside(world, tenant_id, world.id())


async def give_back(world: World, intent: Intent) -> bool:
    async with world.ports.uow.begin(intent.tenant_id) as tx:
        done = await tx.intents.give_back(intent)
        await tx.commit()
    return done


async def set_aside(world: World, tenant_id: TenantId, subject: UUID) -> bool:
    async with world.ports.uow.begin(tenant_id) as tx:
        done = await tx.intents.set_aside(MIRROR, subject, reason="looks odd")
        await tx.commit()
    return done


async def added(
    world: World, tenant_id: TenantId | None = None, *, payload: bytes | None = PAYLOAD
) -> tuple[TenantId, UUID]:
    tenant_id, subject = tenant_id or await world.tenant(), world.id()
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.intents.add(MIRROR, subject, payload=payload)
        await tx.commit()
    return tenant_id, subject


async def lease(
    world: World, tenant_id: TenantId, *subjects: UUID, duration: timedelta = LONG_LEASE
) -> tuple[Intent, ...]:
    async with world.ports.uow.begin(tenant_id) as tx:
        leased = await tx.intents.lease(MIRROR, subjects, duration=duration)
        await tx.commit()
    return leased


async def finish(world: World, intent: Intent) -> bool:
    async with world.ports.uow.begin(intent.tenant_id) as tx:
        done = await tx.intents.finish(intent)
        if done:
            await tx.commit()
    return done


async def postpone(world: World, intent: Intent, *, until: datetime) -> bool:
    async with world.ports.uow.begin(intent.tenant_id) as tx:
        done = await tx.intents.postpone(intent, until=until, error="busy")
        await tx.commit()
    return done
