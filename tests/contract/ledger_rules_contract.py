"""A store decides exactly as the domain does: same answers, same balances, same holds.

Histories are drawn from fixed seeds, mostly of commands that go through and some that cannot.
"""

import random
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import Entry, HoldCapture, JournalTransaction
from domain.ledger.hold import new_hold
from domain.ledger.rules import apply, decide
from domain.ledger.state import LedgerState
from domain.shared.ids import AccountId, HoldId, TransactionId
from domain.shared.money import AssetCode
from tests.contract.world import USDT, Party, World

SEEDS = range(6)
BATCHES = 12
COMMANDS_MAX = 6
START_UNITS = 200
LINKED_SHARE = 0.3
LINKED_MAX = 3


class LedgerRulesContract:
    @pytest.mark.parametrize("seed", SEEDS)
    async def test_random_history_is_decided_as_by_the_domain(
        self, world: World, seed: int
    ) -> None:
        parties = await start(world)
        tenant_id = parties[0].tenant_id
        state = await stored_state(world, parties)
        draw = Draw(world, random.Random(seed), state)
        for _ in range(BATCHES):
            batch = draw.batch(state)
            expected = decide(batch, state)
            async with world.ports.uow.begin(tenant_id) as tx:
                assert await tx.journal.post(batch) == expected.outcomes
                await tx.commit()
            state = apply(state, expected.deltas)
        async with world.ports.uow.begin(tenant_id) as tx:
            for account_id, balance in state.balances.items():
                assert (await tx.accounts.get(account_id)).balance == balance
            for hold_id, hold in state.holds.items():
                assert await tx.journal.hold(hold_id) == hold
            for transaction_id in state.transactions:
                await tx.journal.transaction(transaction_id)


class Draw:
    """Draws commands about accounts, holds and transactions that exist, and some that do not."""

    def __init__(self, world: World, rng: random.Random, state: LedgerState) -> None:
        self._world = world
        self._rng = rng
        self._start = world.now
        self._accounts = [*sorted(state.accounts), AccountId(world.id())]
        self._posted: list[JournalTransaction] = []
        self._holds: list[HoldId] = [HoldId(world.id())]

    def batch(self, state: LedgerState) -> Batch:
        commands: list[Command] = []
        for number in range(self._rng.randint(1, COMMANDS_MAX)):
            linked = number if self._rng.random() < LINKED_SHARE else None
            together = 1 if linked is None else self._rng.randint(1, LINKED_MAX)
            drawn = (self._command(state) for _ in range(together))
            commands.extend(replace(command, linked=linked) for command in drawn)
        return tuple(commands)

    def _command(self, state: LedgerState) -> Command:
        at = self._start + timedelta(seconds=self._rng.randint(0, 100))
        draw = self._rng.random()
        if draw < 0.5:
            return Post(self._transaction(state), at)
        if draw < 0.75:
            return self._place(at)
        hold_id = self._rng.choice(self._holds)
        return ReleaseHold(hold_id, at) if draw < 0.85 else ExpireHold(hold_id, at)

    def _transaction(self, state: LedgerState) -> JournalTransaction:
        if self._posted and self._rng.random() < 0.1:
            return self._rng.choice(self._posted)
        payer, payee = self._rng.sample(self._accounts, 2)
        asset = self._asset_of(payer, state)
        units = self._rng.randint(1, START_UNITS)
        captures: tuple[HoldCapture, ...] = ()
        if self._rng.random() < 0.3:
            hold_id = self._rng.choice(self._holds)
            taken = self._rng.randint(1, units)
            captures = (HoldCapture(hold_id, taken, self._rng.random() < 0.5),)
        transaction = JournalTransaction(
            id=TransactionId(self._world.id()),
            template="drawn",
            reference="drawn",
            effective_on=self._start.date(),
            entries=(Entry(payer, asset, -units), Entry(payee, asset, units)),
            captures=captures,
        )
        self._posted.append(transaction)
        return transaction

    def _place(self, at: datetime) -> PlaceHold:
        account_id = self._rng.choice(self._accounts)
        known = self._rng.random() < 0.1
        hold_id = self._rng.choice(self._holds) if known else HoldId(self._world.id())
        self._holds.append(hold_id)
        expires_in = timedelta(seconds=self._rng.randint(1, 100))
        return PlaceHold(
            new_hold(
                hold_id,
                account_id,
                USDT.code,
                self._rng.randint(1, START_UNITS),
                reference="drawn",
                created_at=at,
                expires_at=at + expires_in if self._rng.random() < 0.5 else None,
            )
        )

    def _asset_of(self, account_id: AccountId, state: LedgerState) -> AssetCode:
        account = state.accounts.get(account_id)
        return USDT.code if account is None else account.asset


async def start(world: World) -> list[Party]:
    first = await world.party(usdt_units=START_UNITS)
    others = [await world.party(first.tenant_id, usdt_units=START_UNITS) for _ in range(2)]
    return [first, *others]


async def stored_state(world: World, parties: list[Party]) -> LedgerState:
    """The strict accounts of the parties and the house's clearing, which is deferred."""
    clearing = (await world.deposit(parties[0], USDT, 1)).entries[0].account_id
    strict = [account for party in parties for account in (party.usdt, party.btc)]
    views = [await world.view(parties[0].tenant_id, each) for each in (*strict, clearing)]
    return LedgerState(
        accounts={view.account.id: view.account for view in views},
        balances={view.account.id: view.balance for view in views if view.account.strict},
        holds={},
    )
