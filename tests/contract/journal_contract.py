import asyncio
from itertools import pairwise

import pytest
from msgspec.structs import replace

from application.ports.ledger import PostedEntry
from application.ports.ledger_history import StatementRange
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Batch, Post
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, TenantId, TransactionId
from tests.contract.world import USDT, Party, World

OK = OutcomeCode.OK


class JournalContract:
    async def test_posted_transaction_is_read_back(self, world: World) -> None:
        payer, payee = await pair(world)
        original = world.moving(payee.usdt, payer.usdt, 7)
        moving = replace(
            world.moving(payer.usdt, payee.usdt, 7),
            reverses=original.id,
            mirror_of=MirrorOf(TenantId(world.id()), TransactionId(world.id())),
        )
        assert await post(world, payer, original) == OK
        assert await post(world, payer, moving) == OK
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            posted = await tx.journal.transaction(moving.id)
        assert posted.transaction == moving
        assert [(entry.leg, entry.account_id, entry.units) for entry in posted.entries] == [
            (0, payer.usdt, -7),
            (1, payee.usdt, 7),
        ]
        assert {entry.booked_at for entry in posted.entries} == {posted.booked_at}

    async def test_unknown_transaction_is_not_found(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            with pytest.raises(NotFound):
                await tx.journal.transaction(TransactionId(world.id()))

    async def test_everything_posted_about_one_object_is_found_oldest_first(
        self, world: World
    ) -> None:
        payer, payee = await pair(world)
        first, second, other = (
            replace(world.moving(payer.usdt, payee.usdt, 1), reference=reference)
            for reference in ("ord_1", "ord_1", "ord_2")
        )
        for each in (second, other, first):
            assert await post(world, payer, each) == OK
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            found = await tx.journal.of_reference("ord_1")
            assert found == tuple([await tx.journal.transaction(x.id) for x in (first, second)])
            assert await tx.journal.of_reference("ord_1", limit=1) == found[:1]
            assert await tx.journal.of_reference("ord_1", after=first.id) == found[1:]
            assert await tx.journal.of_reference("ord_1", after=second.id) == ()
            assert await tx.journal.of_reference("ord_3") == ()
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.journal.of_reference("ord_1") == ()

    async def test_nothing_to_post_is_no_trouble(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.journal.post(()) == ()
            await tx.commit()

    async def test_same_transaction_is_posted_once(self, world: World) -> None:
        payer, payee = await pair(world)
        moving = world.moving(payer.usdt, payee.usdt, 7)
        assert await post(world, payer, moving) == OK
        assert await post(world, payer, moving) == OutcomeCode.TRANSACTION_EXISTS
        assert (await world.view(payer.tenant_id, payee.usdt)).posted == 107

    async def test_floor_is_held_and_the_refused_command_has_no_effect(self, world: World) -> None:
        payer, payee = await pair(world)
        too_much = world.moving(payer.usdt, payee.usdt, 101)
        assert await post(world, payer, too_much) == OutcomeCode.BELOW_FLOOR
        assert await post(world, payer, world.moving(payer.usdt, payee.usdt, 100)) == OK
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            with pytest.raises(NotFound):
                await tx.journal.transaction(too_much.id)
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 0

    async def test_commands_of_a_batch_see_what_the_earlier_ones_did(self, world: World) -> None:
        payer, payee = await pair(world)
        there = world.moving(payer.usdt, payee.usdt, 100)
        back = world.moving(payee.usdt, payer.usdt, 200)
        at = world.now
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            outcomes = await tx.journal.post((Post(there, at), Post(back, at), Post(there, at)))
            await tx.commit()
        assert [each.code for each in outcomes] == [OK, OK, OutcomeCode.TRANSACTION_EXISTS]
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 200

    async def test_linked_commands_stand_or_fall_together(self, world: World) -> None:
        payer, payee = await pair(world)
        good = world.moving(payer.usdt, payee.usdt, 1)
        bad = world.moving(payer.usdt, payee.usdt, 1_000)
        at = world.now
        batch: Batch = (Post(good, at, linked=1), Post(bad, at, linked=1))
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            first, second = await tx.journal.post(batch)
            await tx.commit()
        assert (first.code, second.code) == (OutcomeCode.LINKED_FAILED, OutcomeCode.BELOW_FLOOR)
        assert (await world.view(payer.tenant_id, payee.usdt)).posted == 100

    async def test_statement_is_numbered_without_gaps_and_newest_first(self, world: World) -> None:
        payer, payee = await pair(world)
        for units in (1, 2, 3, 4):
            assert await post(world, payer, world.moving(payer.usdt, payee.usdt, units)) == OK
        entries = await statement(world, payee)
        assert [(entry.account_seq, entry.units) for entry in entries] == [
            (5, 4),
            (4, 3),
            (3, 2),
            (2, 1),
            (1, 100),
        ]
        assert [entry.balance_after for entry in entries] == [110, 106, 103, 101, 100]
        assert [entry.template for entry in entries[:2]] == ["transfer", "transfer"]

    async def test_statement_is_read_in_pages(self, world: World) -> None:
        payer, payee = await pair(world)
        for _ in range(4):
            await post(world, payer, world.moving(payer.usdt, payee.usdt, 1))
        first = await statement(world, payee, limit=3)
        rest = await statement(world, payee, before=first[-1].transaction_id, limit=3)
        assert [entry.account_seq for entry in (*first, *rest)] == [5, 4, 3, 2, 1]
        assert await statement(world, payee, before=rest[-1].transaction_id) == ()

    async def test_concurrent_posts_number_entries_without_gaps(self, world: World) -> None:
        payer, payee = await pair(world)
        moves = [world.moving(payer.usdt, payee.usdt, units) for units in range(1, 9)]
        codes = await asyncio.gather(*(post(world, payer, each) for each in moves))
        entries = (await statement(world, payee))[::-1]
        assert codes == [OK] * len(moves)
        assert [entry.account_seq for entry in entries] == list(range(1, len(moves) + 2))
        assert all(
            later.balance_after == (earlier.balance_after or 0) + later.units
            for earlier, later in pairwise(entries)
        )
        assert all(earlier.booked_at <= later.booked_at for earlier, later in pairwise(entries))

    async def test_concurrent_posts_cannot_spend_the_same_funds(self, world: World) -> None:
        payer, payee = await pair(world)
        moves = [world.moving(payer.usdt, payee.usdt, 60) for _ in range(4)]
        codes = await asyncio.gather(*(post(world, payer, each) for each in moves))
        assert sorted(codes) == [OK, *[OutcomeCode.BELOW_FLOOR] * 3]
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 40

    async def test_opposite_movements_do_not_block_each_other_for_good(self, world: World) -> None:
        one, other = await pair(world)
        moves = [world.moving(one.usdt, other.usdt, 1), world.moving(other.usdt, one.usdt, 1)] * 3
        fresh = [replace(each, id=TransactionId(world.id())) for each in moves]
        codes = await asyncio.gather(*(post(world, one, each) for each in fresh))
        assert codes == [OK] * len(fresh)

    async def test_deferred_accounts_make_nobody_wait(self, world: World) -> None:
        """Two customers' deposits meet on the house's account while both are uncommitted."""
        one, other = await pair(world)
        clearing = await clearing_of(world, one)
        async with world.ports.uow.begin(one.tenant_id) as first:
            await world.accept(first, (Post(world.moving(clearing, one.usdt, 5), world.now),))
            assert await post(world, other, world.moving(clearing, other.usdt, 6)) == OK
            await first.commit()
        entries = (await world.view(one.tenant_id, clearing)).balance
        assert (entries.debits, entries.credits) == (211, 0)

    async def test_entries_of_deferred_accounts_carry_no_number(self, world: World) -> None:
        one, _ = await pair(world)
        clearing = await clearing_of(world, one)
        moving = world.moving(clearing, one.usdt, 5)
        await post(world, one, moving)
        async with world.ports.uow.begin(one.tenant_id) as tx:
            deferred, strict = (await tx.journal.transaction(moving.id)).entries
        assert (deferred.account_seq, deferred.balance_after) == (None, None)
        assert (strict.account_seq, strict.balance_after) == (2, 105)

    async def test_amounts_beyond_any_machine_integer_are_exact(self, world: World) -> None:
        payer, payee = await pair(world)
        clearing = await clearing_of(world, payer)
        huge = 10**30 - 1
        assert await post(world, payer, world.moving(clearing, payer.usdt, huge)) == OK
        assert await post(world, payer, world.moving(payer.usdt, payee.usdt, huge)) == OK
        assert (await world.view(payer.tenant_id, payee.usdt)).posted == huge + 100
        assert (await statement(world, payee))[0].balance_after == huge + 100

    @pytest.mark.parametrize("units", [2**62, 2**63 - 101, 2**63 - 1, 2**63])
    async def test_amounts_around_64_bits_are_exact_one_by_one_and_summed(
        self, world: World, units: int
    ) -> None:
        payer, payee = await pair(world)
        clearing = await clearing_of(world, payer)
        funding = (world.moving(clearing, payer.usdt, units) for _ in range(2))
        spending = world.moving(payer.usdt, payee.usdt, 2 * units)
        await post_all(world, payer, (*funding, spending))
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 100
        assert (await world.view(payer.tenant_id, payee.usdt)).posted == 2 * units + 100
        assert [line.balance_after for line in await statement(world, payer)] == [
            *(100, 2 * units + 100, units + 100, 100)
        ]

    async def test_batch_out_of_the_order_of_its_ids_is_booked_as_commanded(
        self, world: World
    ) -> None:
        payer, payee = await pair(world)
        clearing = await clearing_of(world, payer)
        made = [world.moving(payer.usdt, payee.usdt, units) for units in (1, 2, 3)]
        made.append(world.moving(clearing, payer.usdt, 4))
        commanded = (made[2], made[0], made[3], made[1])
        await post_all(world, payer, commanded)
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            posted = [await tx.journal.transaction(each.id) for each in commanded]
        assert [each.transaction for each in posted] == list(commanded)
        of_payer = [e for each in posted for e in each.entries if e.account_id == payer.usdt]
        assert [(e.account_seq, e.balance_after) for e in of_payer] == [
            *((2, 97), (3, 96), (4, 100), (5, 98))
        ]


async def pair(world: World) -> tuple[Party, Party]:
    """Two customers of one tenant with 100 units each."""
    first = await world.party(usdt_units=100)
    return first, await world.party(first.tenant_id, usdt_units=100)


async def clearing_of(world: World, party: Party) -> AccountId:
    key = AccountKey(AccountCode.HOUSE_CLEARING, USDT.code)
    async with world.ports.uow.begin(party.tenant_id) as tx:
        return (await tx.accounts.resolve((key,)))[key]


async def post(world: World, party: Party, transaction: JournalTransaction) -> OutcomeCode:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        (outcome,) = await tx.journal.post((Post(transaction, world.now),))
        await tx.commit()
    return outcome.code


async def post_all(
    world: World, party: Party, transactions: tuple[JournalTransaction, ...]
) -> None:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        outcomes = await tx.journal.post(tuple(Post(each, world.now) for each in transactions))
        await tx.commit()
    assert {outcome.code for outcome in outcomes} == {OK}


async def statement(
    world: World, party: Party, *, before: TransactionId | None = None, limit: int = 100
) -> tuple[PostedEntry, ...]:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        wanted = StatementRange(before=before)
        lines = await tx.history.statement(party.usdt, wanted, limit=limit)
    return tuple(line.entry for line in lines)
