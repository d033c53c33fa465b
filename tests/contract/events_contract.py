"""Announcements leave with their cause; what is committed gets numbers without a gap, in order."""

import asyncio

import pytest
from msgspec.structs import replace

from application.ports.events import LOOK_MAX, NUMBER_MAX, Event, EventFilter, EventPage
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.events import Announcement, announce
from domain.shared.ids import CustomerId, EventId, TenantId
from domain.tenants.announcements import CustomerUpdated
from tests.contract.keep_open_contract import keep_open, unknown
from tests.contract.settle_contract import reject, rejected
from tests.contract.world import Party, World

ALL = EventFilter()


class EventsContract:
    async def test_announcement_becomes_an_event_with_the_first_number(self, world: World) -> None:
        tenant_id, made = await world.tenant(), new(world)
        before = world.now
        await announced(world, tenant_id, made)
        assert await events(world, tenant_id) == ()
        assert await number(world, tenant_id) == 1
        (event,) = await events(world, tenant_id)
        assert event == Event(
            id=made.id,
            type=made.type,
            seq=1,
            resource_id=made.resource_id,
            resource_version=made.resource_version,
            customer_ids=made.customer_ids,
            occurred_at=made.occurred_at,
            recorded_at=event.recorded_at,
            data=made.data,
        )
        assert before <= event.recorded_at <= world.now
        async with world.ports.uow.begin(tenant_id) as tx:
            assert await tx.events.get(made.id) == event
            assert await tx.events.last_seq() == 1

    async def test_what_is_not_committed_is_never_told(self, world: World) -> None:
        tenant_id = await world.tenant()
        async with world.ports.uow.begin(tenant_id) as tx:
            await tx.outbox.add(new(world))
        assert await number(world, tenant_id) == 0
        assert await events(world, tenant_id) == ()

    async def test_without_commit_no_number_is_given(self, world: World) -> None:
        tenant_id = await world.tenant()
        await announced(world, tenant_id, new(world))
        async with world.ports.worker_uow.begin(tenant_id) as tx:
            assert await tx.outbox.number(limit=NUMBER_MAX) == 1
        assert await events(world, tenant_id) == ()
        assert await number(world, tenant_id) == 1

    async def test_numbers_follow_the_order_of_recording_without_a_gap(self, world: World) -> None:
        tenant_id = await world.tenant()
        made = [new(world) for _ in range(5)]
        for each in made:
            await announced(world, tenant_id, each)
            world.pass_time()
        assert await number(world, tenant_id, limit=2) == 2
        assert await number(world, tenant_id) == 3
        told = await events(world, tenant_id)
        assert [each.id for each in told] == [each.id for each in made]
        assert [each.seq for each in told] == [1, 2, 3, 4, 5]

    async def test_earlier_versions_come_along_whatever_the_limit(self, world: World) -> None:
        """Recorded late, as by a clock that has stepped back since; here, committed late."""
        tenant_id = await world.tenant()
        first = new(world)
        second = replace(first, id=EventId(world.id()), resource_version=2)
        await announced(world, tenant_id, second)
        world.pass_time()
        await announced(world, tenant_id, first)
        assert await number(world, tenant_id, limit=1) == 2
        assert [each.resource_version for each in await events(world, tenant_id)] == [1, 2]

    async def test_a_version_is_announced_once(self, world: World) -> None:
        tenant_id, made = await world.tenant(), new(world)
        await announced(world, tenant_id, made)
        async with world.ports.uow.begin(tenant_id) as tx:
            with pytest.raises(InvariantViolation):
                await tx.outbox.add(replace(made, id=EventId(world.id())))

    async def test_several_are_announced_in_one_write(self, world: World) -> None:
        tenant_id = await world.tenant()
        customers = tuple(CustomerId(world.id()) for _ in range(2))
        made = [
            new(world, customers=()),
            new(world, customers=customers[:1]),
            new(world, customers=customers),
        ]
        await announced(world, tenant_id, *made)
        assert await number(world, tenant_id) == 3
        told = {each.id: each.customer_ids for each in await events(world, tenant_id)}
        assert told == {each.id: each.customer_ids for each in made}

    async def test_two_that_number_at_once_give_each_number_once(self, world: World) -> None:
        tenant_id = await world.tenant()
        await announced(world, tenant_id, *(new(world) for _ in range(9)))
        counts = await asyncio.gather(
            *(number(world, tenant_id, limit=3) for _ in range(6)),
        )
        while await number(world, tenant_id):
            pass
        assert sum(count or 0 for count in counts) > 0
        assert [each.seq for each in await events(world, tenant_id)] == list(range(1, 10))

    async def test_tenant_that_another_is_at_is_left_to_it(self, world: World) -> None:
        tenant_id = await told(world, [new(world)])
        await announced(world, tenant_id, new(world))
        async with world.ports.worker_uow.begin(tenant_id) as tx:
            assert await tx.outbox.number(limit=NUMBER_MAX) == 1
            assert await number(world, tenant_id) is None

    async def test_numbers_of_two_tenants_are_independent(self, world: World) -> None:
        made = {await world.tenant(): new(world) for _ in range(2)}
        for tenant_id, each in made.items():
            await announced(world, tenant_id, each)
        one, other = made
        assert await number(world, one) == 1
        assert await events(world, other) == ()
        assert await number(world, other) == 1
        for tenant_id, each in made.items():
            assert [(told.seq, told.id) for told in await events(world, tenant_id)] == [
                (1, each.id)
            ]

    async def test_events_are_read_from_where_the_reader_is(self, world: World) -> None:
        tenant_id = await told(world, [new(world) for _ in range(5)])
        page = await read(world, tenant_id, after=1, limit=2)
        assert ([each.seq for each in page.events], page.looked_until) == ([2, 3], 3)
        page = await read(world, tenant_id, after=3, limit=2)
        assert ([each.seq for each in page.events], page.looked_until) == ([4, 5], 5)
        assert await read(world, tenant_id, after=5) == EventPage(events=(), looked_until=5)
        assert await read(world, tenant_id, after=99) == EventPage(events=(), looked_until=99)
        assert LOOK_MAX > 5

    async def test_types_and_families_are_let_through(self, world: World) -> None:
        kinds = ("order.filled.v1", "order.pending.v1", "orders.odd.v1", "transfer.completed.v1")
        tenant_id = await told(world, [replace(new(world), type=kind) for kind in kinds])
        for types, expected in (
            (("order.filled.v1",), [kinds[0]]),
            (("order.*",), [kinds[0], kinds[1]]),
            (("order.*", "transfer.completed.v1"), [kinds[0], kinds[1], kinds[3]]),
            (("transfer.completed.v1", "order.filled.v1"), [kinds[0], kinds[3]]),
            (("deposit.*",), []),
        ):
            page = await read(world, tenant_id, EventFilter(types=types))
            assert [each.type for each in page.events] == expected
            assert page.looked_until == len(kinds)

    async def test_customer_sees_what_concerns_either_end(self, world: World) -> None:
        payer, payee, other = (CustomerId(world.id()) for _ in range(3))
        made = [new(world, customers=(payer, payee)), new(world, customers=(other,))]
        tenant_id = await told(world, made)
        for customer_id, expected in ((payer, made[:1]), (payee, made[:1]), (other, made[1:])):
            page = await read(world, tenant_id, EventFilter(customer_id=customer_id))
            assert [each.id for each in page.events] == [each.id for each in expected]
            assert page.looked_until == 2

    async def test_unknown_event_is_not_found(self, world: World) -> None:
        tenant_id, made = await world.tenant(), new(world)
        await announced(world, tenant_id, made)
        async with world.ports.uow.begin(tenant_id) as tx:
            for event_id in (made.id, EventId(world.id())):
                with pytest.raises(NotFound):
                    await tx.events.get(event_id)

    async def test_each_step_of_a_trade_is_told_once_with_its_version(self, world: World) -> None:
        party = await world.party()
        await world.trade(party)
        execution = await world.execution(party)
        order = unknown(world, execution)
        assert await keep_open(world, party, execution, order, look_again_in=None)
        execution = replace(execution, order=order)
        assert await reject(world, party, execution, rejected(world, execution))
        assert await steps(world, party) == [
            ("order.pending.v1", 1),
            ("order.filled.v1", 2),
            ("order.pending.v1", 1),
            ("order.pending.v1", 2),
            ("order.rejected.v1", 3),
        ]

    async def test_look_that_found_nothing_new_is_not_told(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        for _ in range(3):
            order = unknown(world, execution)
            assert await keep_open(world, party, execution, order, look_again_in=None)
            execution = replace(execution, order=order)
        assert await steps(world, party) == [("order.pending.v1", 1), ("order.pending.v1", 2)]

    async def test_step_of_a_trade_that_did_not_happen_is_not_told(self, world: World) -> None:
        party = await world.party()
        trade = await world.trade(party)
        assert not await world.settle(party, trade)
        poor = await world.party(party.tenant_id, usdt_units=1)
        stored = await world.quote(poor)
        assert await world.reserve(poor, world.reservation(stored.quote.id)) is None
        assert await steps(world, party) == [("order.pending.v1", 1), ("order.filled.v1", 2)]


async def steps(world: World, party: Party) -> list[tuple[str, int]]:
    """What was told of the party's orders, all of it about that customer."""
    await number(world, party.tenant_id)
    page = await read(world, party.tenant_id, EventFilter(types=("order.*",)))
    assert {each.customer_ids for each in page.events} == {(party.customer.id,)}
    return [(each.type, each.resource_version) for each in page.events]


def new(world: World, *, customers: tuple[CustomerId, ...] | None = None) -> Announcement:
    resource_id = CustomerId(world.id())
    return announce(
        CustomerUpdated(id="cus_x", external_id="jo", status="active"),
        event_id=EventId(world.id()),
        resource_id=resource_id,
        resource_version=1,
        customer_ids=(resource_id,) if customers is None else customers,
        occurred_at=world.now,
    )


async def announced(world: World, tenant_id: TenantId, *made: Announcement) -> None:
    async with world.ports.uow.begin(tenant_id) as tx:
        await tx.outbox.add(*made)
        await tx.commit()


async def number(world: World, tenant_id: TenantId, *, limit: int = NUMBER_MAX) -> int | None:
    async with world.ports.worker_uow.begin(tenant_id) as tx:
        numbered = await tx.outbox.number(limit=limit)
        await tx.commit()
    return numbered


async def told(world: World, made: list[Announcement]) -> TenantId:
    """Numbered in this order."""
    tenant_id = await world.tenant()
    for each in made:
        await announced(world, tenant_id, each)
        await number(world, tenant_id)
    return tenant_id


async def read(
    world: World, tenant_id: TenantId, wanted: EventFilter = ALL, *, after: int = 0, limit: int = 99
) -> EventPage:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.events.page(wanted, after=after, limit=limit)


async def events(world: World, tenant_id: TenantId) -> tuple[Event, ...]:
    return (await read(world, tenant_id)).events
