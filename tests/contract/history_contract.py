"""Balances at any time and statements, with folds in between that change no answer."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from application.ports.ledger_folds import Fold
from application.ports.ledger_history import (
    BookedBy,
    EffectiveOn,
    Moment,
    StatementLine,
    StatementRange,
)
from domain.ledger.entry import JournalTransaction
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, TenantId, TransactionId
from tests.contract.journal_contract import clearing_of, pair, post
from tests.contract.ledger_clock_contract import closed_after
from tests.contract.world import Party, World

MANY = 10_000
SEEDS = range(3)
STEPS = 25


class HistoryContract:
    async def test_balance_is_told_as_it_was_booked_by_any_time(self, world: World) -> None:
        payer, payee = await pair(world)
        clearing = await clearing_of(world, payer)
        moves = [world.moving(payer.usdt, clearing, units) for units in (1, 2, 3)]
        times = await booking_times(world, payer, moves)
        posted = [
            await at(world, payer.tenant_id, (payer.usdt, clearing, payee.usdt), BookedBy(when))
            for when in times
        ]
        # The clearing account is an asset: what it was debited with makes it worth more.
        assert [each[payer.usdt] for each in posted] == [99, 97, 94]
        start = posted[0][clearing] + 1
        assert [each[clearing] for each in posted] == [start - moved for moved in (1, 3, 6)]
        assert [each[payee.usdt] for each in posted] == [100, 100, 100]

    async def test_nothing_was_posted_before_the_first_entry(self, world: World) -> None:
        payer, _ = await pair(world)
        clearing = await clearing_of(world, payer)
        long_ago = BookedBy(world.now - timedelta(days=400))
        accounts = (payer.usdt, clearing)
        assert await at(world, payer.tenant_id, accounts, long_ago) == {payer.usdt: 0, clearing: 0}

    async def test_balance_is_told_as_effective_on_any_day(self, world: World) -> None:
        payer, _payee = await pair(world)
        clearing = await clearing_of(world, payer)
        today = world.now.date()
        await fold_all(world, payer.tenant_id)
        for days, units in ((5, 1), (3, 2), (9, 4), (0, 8)):
            dated = today - timedelta(days=days)
            moving = replace(world.moving(clearing, payer.usdt, units), effective_on=dated)
            assert await post(world, payer, moving) == OutcomeCode.OK
            if days == 3:
                await fold_all(world, payer.tenant_id)
        expected = {10: 0, 9: 4, 8: 4, 5: 5, 4: 5, 3: 7, 1: 7, 0: 115, -1: 115}
        for fold in (False, True):
            if fold:
                await fold_all(world, payer.tenant_id)
            for days, units in expected.items():
                on = EffectiveOn(today - timedelta(days=days))
                found = await at(world, payer.tenant_id, (payer.usdt,), on)
                assert found[payer.usdt] == units, days

    @pytest.mark.parametrize("seed", SEEDS)
    async def test_folds_change_no_balance_and_no_statement(self, world: World, seed: int) -> None:
        """At every moment of a random history, against the sum over all that was posted."""
        draw = random.Random(seed)
        payer, payee = await pair(world)
        clearing = await clearing_of(world, payer)
        accounts = (payer.usdt, payee.usdt, clearing)
        journal: list[tuple[JournalTransaction, datetime]] = []
        for _ in range(STEPS):
            debtor, creditor = draw.sample(accounts, 2)
            effective = world.now.date() - timedelta(days=draw.choice([0, 0, 0, 1, 4, 30]))
            moving = replace(
                world.moving(debtor, creditor, draw.randint(1, 30)), effective_on=effective
            )
            if await post(world, payer, moving) == OutcomeCode.OK:
                journal.append((moving, await booked_at(world, payer.tenant_id, moving.id)))
            if draw.random() < 0.3:
                await fold_all(world, payer.tenant_id, most=draw.choice([1, 3, MANY]))
            world.pass_time()
        start = dict.fromkeys(accounts[:2], 100)
        for transaction, when in draw.sample(journal, 5):
            day = transaction.effective_on
            booked = await at(world, payer.tenant_id, accounts, BookedBy(when))
            effective_then = await at(world, payer.tenant_id, accounts, EffectiveOn(day))
            for account in accounts[:2]:
                assert booked[account] == start[account] + moved(
                    account, (each for each, at_ in journal if at_ <= when)
                )
                today = 100 if day >= world.now.date() else 0
                assert effective_then[account] == today + moved(
                    account, (each for each, _ in journal if each.effective_on <= day)
                )
        view = await world.view(payer.tenant_id, clearing)
        lines = await statement(world, payer.tenant_id, clearing)
        assert lines[0].balance_after == view.posted
        assert view.balance.version == len(lines)
        assert_running(lines, sign=-1)

    async def test_statement_of_a_shared_account_carries_its_running_balance(
        self, world: World
    ) -> None:
        payer, _ = await pair(world)
        clearing = await clearing_of(world, payer)
        for units in (1, 2, 3, 4):
            moving = world.moving(payer.usdt, clearing, units)
            assert await post(world, payer, moving) == OutcomeCode.OK
            await fold_all(world, payer.tenant_id)
        whole = await statement(world, payer.tenant_id, clearing)
        assert_running(whole, sign=-1)
        pages: list[StatementLine] = []
        before = None
        while page := await statement(world, payer.tenant_id, clearing, before=before, limit=3):
            pages += page
            before = page[-1].entry.transaction_id
        assert tuple(pages) == whole

    async def test_statement_is_of_a_span_of_time(self, world: World) -> None:
        payer, payee = await pair(world)
        moves = [world.moving(payer.usdt, payee.usdt, units) for units in (1, 2, 3)]
        times = await booking_times(world, payer, moves)
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            wanted = StatementRange(booked_from=times[1], booked_by=times[1])
            (line,) = await tx.history.statement(payer.usdt, wanted, limit=MANY)
        assert (line.entry.units, line.balance_after) == (-2, 97)

    async def test_statement_from_a_transaction_elsewhere_is_not_found(self, world: World) -> None:
        payer, _ = await pair(world)
        with pytest.raises(NotFound):
            await statement(world, payer.tenant_id, payer.usdt, before=TransactionId(world.id()))

    async def test_fold_takes_whole_instants_up_to_closed_time_only(self, world: World) -> None:
        payer, payee = await pair(world)
        moves = [world.moving(payer.usdt, payee.usdt, 1) for _ in range(4)]
        times = await booking_times(world, payer, moves)
        assert await closed_after(world, times[-1])
        folded = await fold(world, payer.tenant_id, times[2], most=MANY)
        assert folded is not None
        assert folded.until == times[2]
        async with world.ports.uow.begin(payer.tenant_id) as tx:
            assert await tx.folds.folded_until() == times[2]
        later = await fold(world, payer.tenant_id, times[-1] + timedelta(seconds=1), most=1)
        assert later is not None
        assert times[2] < later.until <= times[3]

    async def test_too_little_to_fold_is_left_alone(self, world: World) -> None:
        payer, _ = await pair(world)
        assert await closed_after(world, world.now)
        async with world.ports.worker_uow.begin(payer.tenant_id) as tx:
            nothing = await tx.folds.fold(world.now, transactions_min=MANY, transactions_max=MANY)
            assert nothing is None
            assert await tx.folds.folded_until() is None


def moved(account: AccountId, transactions: Iterable[JournalTransaction]) -> int:
    return sum(
        entry.units
        for transaction in transactions
        for entry in transaction.entries
        if entry.account_id == account
    )


def assert_running(lines: Sequence[StatementLine], *, sign: int) -> None:
    balance = 0
    for line in reversed(lines):
        balance += sign * line.entry.units
        assert line.balance_after == balance


async def booking_times(
    world: World, party: Party, moves: Sequence[JournalTransaction]
) -> list[datetime]:
    times: list[datetime] = []
    for moving in moves:
        assert await post(world, party, moving) == OutcomeCode.OK
        times.append(await booked_at(world, party.tenant_id, moving.id))
        world.pass_time()
    return times


async def booked_at(world: World, tenant_id: TenantId, transaction_id: TransactionId) -> datetime:
    async with world.ports.uow.begin(tenant_id) as tx:
        return (await tx.journal.transaction(transaction_id)).booked_at


async def at(
    world: World, tenant_id: TenantId, accounts: Sequence[AccountId], moment: Moment
) -> Mapping[AccountId, int]:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.history.posted(accounts, moment)


async def statement(
    world: World,
    tenant_id: TenantId,
    account_id: AccountId,
    *,
    before: TransactionId | None = None,
    limit: int = MANY,
) -> tuple[StatementLine, ...]:
    async with world.ports.uow.begin(tenant_id) as tx:
        return await tx.history.statement(account_id, StatementRange(before=before), limit=limit)


async def fold(world: World, tenant_id: TenantId, until: datetime, *, most: int) -> Fold | None:
    async with world.ports.worker_uow.begin(tenant_id) as tx:
        folded = await tx.folds.fold(until, transactions_min=1, transactions_max=most)
        await tx.commit()
    return folded


async def fold_all(world: World, tenant_id: TenantId, *, most: int = MANY) -> None:
    closed = await world.ports.ledger_clock.advance()
    closed = await world.ports.ledger_clock.advance() or closed
    while closed is not None and await fold(world, tenant_id, closed, most=most) is not None:
        pass
