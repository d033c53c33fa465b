"""Keys, reversals, closed periods, and posts that are one statement or one transaction."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from application.ports.ledger_history import StatementRange
from domain.ledger.commands import Batch, Post, Request
from domain.ledger.entry import HoldCapture, JournalTransaction
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.ledger.templates import reversal
from domain.shared.errors import InvariantViolation, NotFound
from domain.shared.ids import HoldId
from tests.contract.journal_contract import pair, post
from tests.contract.world import BTC, Party, World

OK = OutcomeCode.OK
COPIES = 8


class PostingContract:
    async def test_key_posts_once_and_answers_with_what_it_posted(self, world: World) -> None:
        payer, payee = await pair(world)
        request = new_request(world)
        first = world.moving(payer.usdt, payee.usdt, 10)
        assert [each.code for each in await in_a_batch(world, payer, first, request)] == [OK]
        again = world.moving(payer.usdt, payee.usdt, 10)
        (answer,) = await in_a_batch(world, payer, again, request)
        assert (answer.code, answer.transaction_id, answer.replayed) == (OK, first.id, True)
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 90

    async def test_refusal_under_a_key_is_given_again_when_there_is_money(
        self, world: World
    ) -> None:
        payer, payee = await pair(world)
        request = new_request(world)
        much = world.moving(payer.usdt, payee.usdt, 150)
        (first,) = await in_a_batch(world, payer, much, request)
        assert await post(world, payer, world.moving(payee.usdt, payer.usdt, 100)) == OK
        (again,) = await in_a_batch(world, payer, much, request)
        assert again == replace(first, replayed=True)
        assert again.account_id == payer.usdt

    async def test_key_used_for_something_else_is_refused(self, world: World) -> None:
        payer, payee = await pair(world)
        request = new_request(world)
        await in_a_batch(world, payer, world.moving(payer.usdt, payee.usdt, 10), request)
        other = Request(request.key, b"\1" * 32)
        moving = world.moving(payer.usdt, payee.usdt, 20)
        (refused,) = await in_a_batch(world, payer, moving, other)
        assert refused.code is OutcomeCode.KEY_REUSED
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 90

    async def test_many_copies_at_once_post_once(self, world: World) -> None:
        payer, payee = await pair(world)
        request = new_request(world)
        moves = [world.moving(payer.usdt, payee.usdt, 10) for _ in range(COPIES)]
        batches: list[Batch] = [(Post(each, world.now, request=request),) for each in moves]
        answers = await asyncio.gather(
            *(world.ports.ledger.post(payer.tenant_id, batch) for batch in batches)
        )
        assert [outcome.code for (outcome,) in answers] == [OK] * COPIES
        assert sum(not outcome.replayed for (outcome,) in answers) == 1
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 90

    async def test_reversal_turns_a_transaction_around_once(self, world: World) -> None:
        payer, payee = await pair(world)
        moving = world.moving(payer.usdt, payee.usdt, 30)
        assert await post(world, payer, moving) == OK
        assert await post(world, payer, reversal(world.header(), moving)) == OK
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 100
        second = reversal(world.header(), moving)
        assert await post(world, payer, second) is OutcomeCode.ORIGINAL_REVERSED

    async def test_only_what_was_posted_is_reversed_and_wholly(self, world: World) -> None:
        payer, payee = await pair(world)
        moving = world.moving(payer.usdt, payee.usdt, 30)
        turned = reversal(world.header(), moving)
        assert await post(world, payer, turned) is OutcomeCode.ORIGINAL_NOT_FOUND
        assert await post(world, payer, moving) == OK
        part = world.moving(payee.usdt, payer.usdt, 29)
        partly = replace(part, reverses=moving.id)
        assert await post(world, payer, partly) is OutcomeCode.REVERSAL_DIFFERS

    async def test_transaction_of_the_same_batch_is_reversed(self, world: World) -> None:
        payer, payee = await pair(world)
        moving = world.moving(payer.usdt, payee.usdt, 30)
        turned = reversal(world.header(), moving)
        twice = reversal(world.header(), moving)
        at = world.now
        batch: Batch = (Post(moving, at), Post(turned, at), Post(twice, at))
        outcomes = await world.ports.ledger.post(payer.tenant_id, batch)
        expected = [OK, OK, OutcomeCode.ORIGINAL_REVERSED]
        assert [outcome.code for outcome in outcomes] == expected

    async def test_nothing_is_effective_in_a_closed_period(self, world: World) -> None:
        payer, payee = await pair(world)
        today = world.now.date()
        closed = today - timedelta(days=10)
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            assert await tx.journal.close_period(closed, by="ops")
            assert not await tx.journal.close_period(closed - timedelta(days=1), by="ops")
            await tx.commit()
        moving = world.moving(payer.usdt, payee.usdt, 1)
        backwards = [replace(moving, effective_on=closed - timedelta(days=n)) for n in (0, 1)]
        for dated in backwards:
            assert await post(world, payer, dated) is OutcomeCode.PERIOD_CLOSED
            assert await alone(world, payer, dated) == Outcome(OutcomeCode.PERIOD_CLOSED)
        after = replace(moving, effective_on=closed + timedelta(days=1))
        assert (await alone(world, payer, after)).code is OK

    async def test_closed_period_of_one_tenant_binds_no_other(self, world: World) -> None:
        payer, payee = await pair(world)
        other, _ = await pair(world)
        closed = world.now.date() - timedelta(days=10)
        async with world.ports.ops_uow.begin(other.tenant_id) as tx:
            assert await tx.journal.close_period(closed, by="ops")
            await tx.commit()
        dated = replace(world.moving(payer.usdt, payee.usdt, 1), effective_on=closed)
        assert await post(world, payer, dated) == OK

    async def test_plain_post_is_done_at_once(self, world: World) -> None:
        payer, payee = await pair(world)
        moving = world.moving(payer.usdt, payee.usdt, 100)
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            assert await tx.journal.post_at_once(Post(moving, world.now))
            await tx.commit()
        views = [await world.view(payer.tenant_id, each.usdt) for each in (payer, payee)]
        assert [view.posted for view in views] == [0, 200]
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            posted = await tx.journal.transaction(moving.id)
            (line, *_) = await tx.history.statement(payer.usdt, StatementRange(), limit=1)
        assert posted.transaction == moving
        assert (line.entry.account_seq, line.balance_after) == (2, 0)

    async def test_what_speaks_against_it_is_not_done_at_once_and_cannot_be_committed(
        self, world: World
    ) -> None:
        payer, payee = await pair(world)
        good = world.moving(payer.usdt, payee.usdt, 100)
        hold = HoldCapture(HoldId(world.id()), 1, final=True)
        refused: list[JournalTransaction] = [
            world.moving(payer.usdt, payee.usdt, 101),
            world.moving(payer.usdt, payee.usdt, 1, asset=BTC),
            replace(good, captures=(hold,)),
            replace(good, reverses=good.id),
        ]
        for transaction in refused:
            async with world.ports.uow.begin(payer.tenant_id) as tx:
                assert not await tx.journal.post_at_once(Post(transaction, world.now))
                with pytest.raises(InvariantViolation):
                    await tx.commit()
        assert (await world.view(payer.tenant_id, payer.usdt)).posted == 100

    async def test_refused_post_of_its_own_is_answered_with_the_reason(self, world: World) -> None:
        payer, payee = await pair(world)
        much = world.moving(payer.usdt, payee.usdt, 101)
        assert await alone(world, payer, much) == Outcome(OutcomeCode.BELOW_FLOOR, payer.usdt)
        wrong = world.moving(payer.usdt, payee.usdt, 1, asset=BTC)
        assert (await alone(world, payer, wrong)).code is OutcomeCode.ASSET_MISMATCH
        moving = world.moving(payer.usdt, payee.usdt, 1)
        assert (await alone(world, payer, moving)).code is OK
        assert (await alone(world, payer, moving)).code is OutcomeCode.TRANSACTION_EXISTS
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            with pytest.raises(NotFound):
                await tx.journal.transaction(much.id)

    async def test_post_of_its_own_under_a_key_is_done_once(self, world: World) -> None:
        payer, payee = await pair(world)
        request = new_request(world)
        first, again = (world.moving(payer.usdt, payee.usdt, 10) for _ in range(2))
        posted = await alone(world, payer, first, request)
        replayed = await alone(world, payer, again, request)
        assert (posted.code, posted.replayed) == (OK, False)
        assert replayed == Outcome(OK, transaction_id=first.id, replayed=True)


def new_request(world: World) -> Request:
    return Request(f"key-{world.id()}", bytes(32))


async def in_a_batch(
    world: World, party: Party, transaction: JournalTransaction, request: Request
) -> tuple[Outcome, ...]:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        outcomes = await tx.journal.post((Post(transaction, world.now, request=request),))
        await tx.commit()
    return outcomes


async def alone(
    world: World,
    party: Party,
    transaction: JournalTransaction,
    request: Request | None = None,
) -> Outcome:
    batch: Batch = (Post(transaction, world.now, request=request),)
    (outcome,) = await world.ports.ledger.post(party.tenant_id, batch)
    return outcome
