import asyncio
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import HoldCapture
from domain.ledger.hold import Hold, HoldState, new_hold
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import InvariantViolation
from domain.shared.ids import HoldId
from tests.contract.journal_contract import pair
from tests.contract.world import USDT, Party, World

OK = OutcomeCode.OK


class HoldsContract:
    async def test_placed_hold_is_read_back_and_no_longer_available(self, world: World) -> None:
        party, _ = await pair(world)
        hold = hold_on(world, party, 60)
        assert await do(world, party, PlaceHold(hold)) == OK
        assert await read(world, party, hold) == hold
        assert await funds(world, party) == (100, 40)

    async def test_unknown_hold_is_none(self, world: World) -> None:
        party, _ = await pair(world)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.journal.hold(HoldId(world.id())) is None

    async def test_same_hold_is_placed_once(self, world: World) -> None:
        party, _ = await pair(world)
        hold = hold_on(world, party, 10)
        assert await do(world, party, PlaceHold(hold)) == OK
        assert await do(world, party, PlaceHold(hold)) == OutcomeCode.HOLD_EXISTS
        assert await funds(world, party) == (100, 90)

    async def test_hold_beyond_what_is_available_is_refused(self, world: World) -> None:
        party, _ = await pair(world)
        assert await do(world, party, PlaceHold(hold_on(world, party, 60))) == OK
        second = hold_on(world, party, 41)
        assert await do(world, party, PlaceHold(second)) == OutcomeCode.BELOW_FLOOR
        assert await funds(world, party) == (100, 40)

    async def test_held_funds_cannot_be_spent(self, world: World) -> None:
        party, payee = await pair(world)
        await do(world, party, PlaceHold(hold_on(world, party, 60)))
        spend = Post(world.moving(party.usdt, payee.usdt, 41), world.now)
        assert await do(world, party, spend) == OutcomeCode.BELOW_FLOOR

    async def test_hold_captured_in_part_keeps_the_rest(self, world: World) -> None:
        party, payee = await pair(world)
        hold = hold_on(world, party, 60)
        await do(world, party, PlaceHold(hold))
        assert await do(world, party, capture(world, party, payee, hold, 25)) == OK
        after = await read(world, party, hold)
        assert after == replace(hold, remaining=35, captured=25)
        assert await funds(world, party) == (75, 40)

    async def test_final_capture_gives_the_rest_back(self, world: World) -> None:
        party, payee = await pair(world)
        hold = hold_on(world, party, 60)
        await do(world, party, PlaceHold(hold))
        assert await do(world, party, capture(world, party, payee, hold, 25, final=True)) == OK
        after = await read(world, party, hold)
        assert after == replace(
            hold, remaining=0, captured=25, released=35, state=HoldState.CAPTURED
        )
        assert await funds(world, party) == (75, 75)

    async def test_capture_beyond_the_hold_is_refused(self, world: World) -> None:
        party, payee = await pair(world)
        hold = hold_on(world, party, 60)
        await do(world, party, PlaceHold(hold))
        beyond = capture(world, party, payee, hold, 61)
        assert await do(world, party, beyond) == OutcomeCode.HOLD_EXCEEDED
        assert await read(world, party, hold) == hold

    async def test_released_hold_gives_back_and_is_over(self, world: World) -> None:
        party, payee = await pair(world)
        hold = hold_on(world, party, 60)
        await do(world, party, PlaceHold(hold))
        assert await do(world, party, ReleaseHold(hold.id, world.now)) == OK
        again = await do(world, party, ReleaseHold(hold.id, world.now))
        late = await do(world, party, capture(world, party, payee, hold, 1))
        after = await read(world, party, hold)
        assert (again, late) == (OutcomeCode.HOLD_NOT_ACTIVE, OutcomeCode.HOLD_NOT_ACTIVE)
        assert after == replace(hold, remaining=0, released=60, state=HoldState.RELEASED)
        assert await funds(world, party) == (100, 100)

    async def test_holds_leave_entry_numbers_alone(self, world: World) -> None:
        party, payee = await pair(world)
        hold = hold_on(world, party, 60)
        await do(world, party, PlaceHold(hold))
        await do(world, party, ReleaseHold(hold.id, world.now))
        await do(world, party, Post(world.moving(party.usdt, payee.usdt, 1), world.now))
        assert (await world.view(party.tenant_id, party.usdt)).balance.version == 2

    async def test_concurrent_holds_cannot_hold_the_same_funds(self, world: World) -> None:
        party, _ = await pair(world)
        holds = [hold_on(world, party, 60) for _ in range(4)]
        codes = await asyncio.gather(*(do(world, party, PlaceHold(hold)) for hold in holds))
        assert sorted(codes) == [OK, *[OutcomeCode.BELOW_FLOOR] * 3]
        assert await funds(world, party) == (100, 40)

    async def test_due_holds_are_listed_and_expire(self, world: World) -> None:
        party, _ = await pair(world)
        due = hold_on(world, party, 10, expires_in=timedelta(seconds=1))
        later = hold_on(world, party, 10, expires_in=timedelta(hours=1))
        endless = hold_on(world, party, 10)
        for hold in (due, later, endless):
            await do(world, party, PlaceHold(hold))
        then = world.now + timedelta(minutes=1)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.journal.expired_holds(now=then, limit=10) == (due,)
            assert await tx.journal.expired_holds(now=then, limit=0) == ()
        early = await do(world, party, ExpireHold(later.id, then))
        never = await do(world, party, ExpireHold(endless.id, then))
        assert await do(world, party, ExpireHold(due.id, then)) == OK
        assert (early, never) == (OutcomeCode.HOLD_NOT_DUE, OutcomeCode.HOLD_NOT_DUE)
        assert (await read(world, party, due)).state is HoldState.EXPIRED
        assert await funds(world, party) == (100, 80)

    async def test_hold_is_captured_twice_and_released_within_one_batch(self, world: World) -> None:
        party, payee = await pair(world)
        hold = hold_on(world, party, 60)
        await do(world, party, PlaceHold(hold))
        captures = [capture(world, party, payee, hold, units) for units in (10, 15)]
        batch: Batch = (*captures, ReleaseHold(hold.id, world.now), captures[0])
        async with world.ports.uow.begin(party.tenant_id) as tx:
            outcomes = await tx.journal.post(batch)
            await tx.commit()
        assert [each.code for each in outcomes] == [OK, OK, OK, OutcomeCode.TRANSACTION_EXISTS]
        ended = replace(hold, remaining=0, captured=25, released=35, state=HoldState.RELEASED)
        assert await read(world, party, hold) == ended
        assert await funds(world, party) == (75, 75)

    async def test_many_holds_are_placed_in_one_batch_and_one_is_used_in_it(
        self, world: World
    ) -> None:
        party, payee = await pair(world)
        holds = [hold_on(world, party, 2) for _ in range(40)]
        batch: Batch = (*map(PlaceHold, holds), capture(world, party, payee, holds[7], 2))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            outcomes = await tx.journal.post(batch)
            await tx.commit()
        assert {each.code for each in outcomes} == {OK}
        assert (await read(world, party, holds[7])).state is HoldState.CAPTURED
        assert await read(world, party, holds[39]) == holds[39]
        assert await funds(world, party) == (98, 20)


def hold_on(
    world: World,
    party: Party,
    units: int,
    *,
    placed: datetime | None = None,
    expires_in: timedelta | None = None,
) -> Hold:
    now = placed or world.now
    return new_hold(
        HoldId(world.id()),
        party.usdt,
        USDT.code,
        units,
        reference="hld_1",
        created_at=now,
        expires_at=None if expires_in is None else now + expires_in,
    )


def capture(
    world: World, payer: Party, payee: Party, hold: Hold, units: int, *, final: bool = False
) -> Post:
    moving = world.moving(payer.usdt, payee.usdt, units)
    return Post(replace(moving, captures=(HoldCapture(hold.id, units, final),)), world.now)


async def do(world: World, party: Party, command: Command) -> OutcomeCode:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        (outcome,) = await tx.journal.post((command,))
        await tx.commit()
    return outcome.code


async def read(world: World, party: Party, hold: Hold) -> Hold:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        found = await tx.journal.hold(hold.id)
    if found is None:
        raise InvariantViolation("the hold is not there")
    return found


async def funds(world: World, party: Party) -> tuple[int, int]:
    """Posted and available."""
    view = await world.view(party.tenant_id, party.usdt)
    return (view.posted, view.available)
