"""Any history against PostgreSQL and the naive ledger: the same answers, balances and holds.

After every batch every balance is compared, and what refused has left every row as it was. A tenth
of the examples that Hypothesis is asked for elsewhere, as each step is some dozen statements:
`HYPOTHESIS_PROFILE=nightly` with `--timeout 0` is the long run.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from application.ports.ledger_history import BookedBy, EffectiveOn
from application.ports.verification import Finding
from domain.ledger.account import Account
from domain.ledger.commands import Batch, PlaceHold
from domain.ledger.hold import Hold
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.shared.ids import AccountId, HoldId
from tests.fixtures.postgres_servers import Server
from tests.stateful.ledger_histories import CLOSABLE, DAYS, batches, cast
from tests.stateful.ledger_oracle import Oracle, grouped, said
from tests.stateful.ledger_store import Books, Money, Store

EXAMPLES_SHARE: Final = 10
STEPS: Final = 25
CLOSINGS_MAX: Final = 2
FOLDED_MAX: Final = 6
FINDINGS_MAX: Final = 1_000_000
REQUESTS: Final = "ledger_requests"

Result = TypeVar("Result")


class StoreMachine(RuleBasedStateMachine):
    """A subclass says where."""

    store: Store
    runner: asyncio.Runner

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    @initialize()
    def open_books(self) -> None:
        accounts = cast()
        self.oracle = Oracle({each.id: each for each in accounts})
        self.books = Books(self.store, accounts)
        self.wait(self.books.open())
        self.holds: dict[HoldId, Hold] = {}
        self.keyed: list[Batch] = []
        self.moments: dict[datetime, dict[AccountId, int]] = {}
        self.digests = self.wait(self.books.digests())

    @rule(data=st.data(), alone=st.booleans())
    def submit(self, data: st.DataObject, alone: bool) -> None:
        posted = list(self.oracle.journal.values())
        batch = data.draw(batches(list(self.holds.values()), posted))
        outcomes = self.wait(self.books.post(batch, alone=alone))
        assert [said(outcome) for outcome in outcomes] == self.oracle.submit(batch)
        self.remember(batch, outcomes)
        self.compare(changed=any(each.accepted and not each.replayed for each in outcomes))

    @precondition(lambda self: self.keyed)
    @rule(data=st.data(), alone=st.booleans())
    def repeat(self, data: st.DataObject, alone: bool) -> None:
        group = data.draw(st.sampled_from(self.keyed))
        before = self.digests
        outcomes = self.wait(self.books.post(group, alone=alone))
        assert [said(outcome) for outcome in outcomes] == self.oracle.submit(group)
        assert all(outcome.replayed for outcome in outcomes)
        self.compare(changed=False)
        assert self.digests == before

    @precondition(lambda self: len(self.oracle.closed) < CLOSINGS_MAX)
    @rule(through=st.sampled_from(CLOSABLE))
    def close_period(self, through: date) -> None:
        further = all(through > closed for closed in self.oracle.closed)
        assert self.wait(self.books.close_period(through)) is further
        self.oracle.close(through)
        self.digests = self.wait(self.books.digests())

    @rule(transactions_max=st.integers(1, FOLDED_MAX))
    def fold(self, transactions_max: int) -> None:
        """Changes no balance, now or at any time: `compare` and the end look."""
        self.wait(self.books.fold(transactions_max))
        self.compare(changed=True)

    def remember(self, batch: Batch, outcomes: list[Outcome]) -> None:
        answered = iter(outcomes)
        for group in grouped(batch):
            codes = [next(answered).code for _ in group]
            if group[0].request is not None and OutcomeCode.KEY_REUSED not in codes:
                self.keyed.append(group)
        for command in batch:
            if isinstance(command, PlaceHold) and command.hold.id in self.oracle.holds:
                self.holds.setdefault(command.hold.id, command.hold)

    def compare(self, *, changed: bool) -> None:
        before, self.digests = self.digests, self.wait(self.books.digests())
        if not changed:
            assert without_answers(self.digests) == without_answers(before)
        money = {each.id: expected(self.oracle, each) for each in self.oracle.accounts.values()}
        assert self.wait(self.books.money()) == money
        self.moments[self.wait(self.books.now())] = {
            account_id: each.posted for account_id, each in money.items()
        }
        for hold_id, theirs in self.oracle.holds.items():
            hold = self.wait(self.books.hold(hold_id))
            assert hold is not None
            assert (hold.remaining, hold.captured) == (theirs.remaining, sum(theirs.captured))
            assert hold.captured + hold.released + hold.remaining == hold.units

    @override
    def teardown(self) -> None:
        """As of each moment and each day, and line by line, as the whole journal added up says."""
        if not hasattr(self, "digests"):
            return
        for at, posted in self.moments.items():
            assert self.wait(self.books.posted(BookedBy(at))) == posted
        accounts = self.oracle.accounts.values()
        for day in set(DAYS):
            assert self.wait(self.books.posted(EffectiveOn(day))) == {
                each.id: sum(self.oracle.units_of(each, until=day)) for each in accounts
            }
        for account in accounts:
            self.compare_statement(account)

    def compare_statement(self, account: Account) -> None:
        lines = self.wait(self.books.statement(account))
        times = [line.entry.booked_at for line in lines]
        assert times == sorted(times)
        units = self.oracle.units_of(account)
        running = [sum(units[: count + 1]) for count in range(len(units))]
        if account.strict:
            numbers = [line.entry.account_seq for line in lines]
            assert numbers == list(range(1, len(units) + 1))
            assert [line.balance_after for line in lines] == running
        else:
            # Entries of one batch were booked at one instant, and come in the order of their ids.
            assert len(lines) == len(units)
            assert [line.balance_after for line in lines][-1:] == running[-1:]


def expected(oracle: Oracle, account: Account) -> Money:
    posted = sum(oracle.units_of(account))
    return Money(posted, oracle.held(account), oracle.available(account))


def without_answers(digests: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in digests.items() if name != REQUESTS}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def store(postgres_server: Server, runner: asyncio.Runner) -> Iterator[Store]:
    database = postgres_server.create_database()
    made = Store(database)
    runner.run(made.open())
    yield made
    runner.run(made.close())
    postgres_server.drop_database(database.name)


def test_store_agrees_with_the_oracle_over_any_history(
    store: Store, runner: asyncio.Runner
) -> None:
    examples = max(1, settings().max_examples // EXAMPLES_SHARE)

    class Machine(StoreMachine):
        pass

    Machine.store, Machine.runner = store, runner
    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=examples, stateful_step_count=STEPS, deadline=None),
    )
    findings = runner.run(found_in(store))
    # Nobody mirrors to the house here.
    assert {each.check for each in findings} <= {"clearing_is_mirrored_once"}


async def found_in(store: Store) -> tuple[Finding, ...]:
    async with store.ports.ledger_audit.snapshot(full=True) as snapshot:
        return await snapshot.findings(limit=FINDINGS_MAX)
