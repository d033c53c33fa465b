"""Any sequence of batches against the rules and against a naive ledger, with the same answers."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from domain.ledger.account import Account, AccountKey, AccountType
from domain.ledger.balance import Balance
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.decision import Deltas, NumberedEntry
from domain.ledger.entry import HoldCapture, sums_by_asset
from domain.ledger.hold import Hold, HoldState
from domain.ledger.outcomes import OutcomeCode
from domain.ledger.rules import LedgerState, apply, decide
from domain.ledger.trial_balance import trial_balance
from domain.shared.money import AssetCode
from tests.stateful.ledger_oracle import Oracle
from tests.unit.domain.ledger.books import (
    BTC,
    NOW,
    USDT,
    a_hold,
    a_transaction,
    account_id,
    an_account,
    books_of,
)

ALICE, BOB, LINE, TILL, HOUSE, CLOSED, ALICE_BTC, HOUSE_BTC, UNKNOWN = range(1, 10)
SPENDERS = (ALICE, BOB, LINE, TILL)
# Now and then an account that must be refused, or one of another asset.
POOLS = {
    USDT: (*SPENDERS, HOUSE, HOUSE, ALICE, BOB, CLOSED, ALICE_BTC, UNKNOWN),
    BTC: (ALICE_BTC, HOUSE_BTC, HOUSE_BTC, ALICE_BTC, HOUSE),
}
CREDIT_LINE = 50
FUND_UNITS_MAX = 200
UNITS_MAX = 60
HOLDS_MAX = 12
COMMANDS_MAX = 5
INSTANTS = [NOW + timedelta(minutes=minutes) for minutes in range(1, 6)]

small = st.integers(1, UNITS_MAX)
instants = st.sampled_from(INSTANTS)
# Many, so that most are new, and not too many, so that some are not.
numbers = st.integers(1, 300)


def opened() -> LedgerState:
    till = Account(
        id=account_id(TILL),
        key=AccountKey(AccountCode.CUSTODY, USDT),
        type=AccountType.ASSET,
        floor_units=0,
        created_at=NOW,
    )
    return books_of(
        [
            an_account(ALICE),
            an_account(BOB),
            replace(an_account(LINE), floor_units=-CREDIT_LINE),
            till,
            an_account(HOUSE, AccountCode.HOUSE_CLEARING),
            an_account(CLOSED, closed=True),
            an_account(ALICE_BTC, asset=BTC),
            an_account(HOUSE_BTC, AccountCode.HOUSE_CLEARING, BTC),
        ]
    )


@st.composite
def funds(draw: st.DrawFn) -> Command:
    account = draw(st.sampled_from([*SPENDERS, ALICE_BTC]))
    house, asset = (HOUSE_BTC, BTC) if account == ALICE_BTC else (HOUSE, USDT)
    units = draw(st.integers(1, FUND_UNITS_MAX)) * (-1 if account == TILL else 1)
    entries = (house, -units), (account, units)
    return Post(a_transaction(draw(numbers), *entries, asset=asset), draw(instants))


@st.composite
def posts(draw: st.DrawFn) -> Command:
    asset: AssetCode = draw(st.sampled_from(list(POOLS)))
    accounts = draw(st.lists(st.sampled_from(POOLS[asset]), min_size=2, max_size=4, unique=True))
    moved = [draw(small) * draw(st.sampled_from([-1, 1])) for _ in accounts[1:]]
    units = [-sum(moved), *moved]
    entries = [(account, n) for account, n in zip(accounts, units, strict=True) if n != 0]
    if len(entries) < len(accounts):
        entries = [(accounts[0], -1), (accounts[1], 1)]
    return Post(a_transaction(draw(numbers), *entries, asset=asset), draw(instants))


@st.composite
def captures(draw: st.DrawFn, holds: Sequence[Hold]) -> Command:
    """Spends from the accounts of one or two holds, at times not as much as it captures."""
    taken: list[HoldCapture] = []
    spent: dict[int, int] = {}
    several = st.lists(st.sampled_from(holds), min_size=1, max_size=2, unique_by=lambda h: h.id)
    for hold in draw(several):
        units = draw(st.sampled_from([1, max(1, hold.remaining), hold.units]) | small)
        taken.append(HoldCapture(hold.id, units, draw(st.booleans())))
        account = hold.account_id.int
        units = max(1, units + draw(st.sampled_from([0, 0, 0, 0, -1, 5, 30])))
        turned = -1 if draw(st.integers(0, 15)) == 0 else 1
        spent[account] = spent.get(account, 0) + turned * (units if account == TILL else -units)
    payee = draw(st.sampled_from([HOUSE, HOUSE, BOB]))
    spent[payee] = spent.get(payee, 0) - sum(spent.values())
    entries = [(account, units) for account, units in spent.items() if units != 0]
    if len(entries) < 2:
        entries = [(ALICE, -1), (HOUSE, 1)]
    return Post(a_transaction(draw(numbers), *entries, captures=taken), draw(instants))


@st.composite
def places(draw: st.DrawFn) -> Command:
    account = draw(st.sampled_from([*SPENDERS, *SPENDERS, *SPENDERS, HOUSE, CLOSED, UNKNOWN]))
    return PlaceHold(
        a_hold(
            draw(st.integers(1, HOLDS_MAX)),
            account,
            draw(small),
            asset=draw(st.sampled_from([*[USDT] * 9, BTC])),
            expires_at=draw(st.none() | instants),
        )
    )


@st.composite
def ends(draw: st.DrawFn, holds: Sequence[Hold]) -> Command:
    hold, at = draw(st.sampled_from(holds)), draw(instants)
    return ReleaseHold(hold.id, at) if draw(st.booleans()) else ExpireHold(hold.id, at)


@st.composite
def batches(draw: st.DrawFn, known: Sequence[Hold]) -> Batch:
    """`known` are holds there were before; those the batch places are drawn from as well."""
    holds = list(known) or [a_hold(HOLDS_MAX + 1, ALICE, 1)]
    batch: list[Command] = []
    linked: int | None = None
    for position in range(draw(st.integers(1, COMMANDS_MAX))):
        if not (linked is not None and draw(st.booleans())):
            linked = draw(st.sampled_from([None, None, position]))
        command = draw(
            st.one_of(funds(), posts(), captures(holds), captures(holds), places(), ends(holds))
        )
        if isinstance(command, PlaceHold):
            holds.append(command.hold)
        batch.append(replace(command, linked=linked))
    return tuple(batch)


class LedgerMachine(RuleBasedStateMachine):
    @initialize()
    def open_books(self) -> None:
        self.state = opened()
        self.oracle = Oracle(dict(self.state.accounts))
        self.entries: list[NumberedEntry] = []

    @rule(data=st.data())
    def submit(self, data: st.DataObject) -> None:
        batch = data.draw(batches(list(self.state.holds.values())))
        decision = decide(batch, self.state)
        codes = [outcome.code for outcome in decision.outcomes]
        assert codes == self.oracle.submit(batch)
        if OutcomeCode.OK not in codes:
            assert decision.deltas == Deltas()
            assert apply(self.state, decision.deltas) == self.state
        assert self.one_group_at_a_time(batch) == apply(self.state, decision.deltas)
        self.state = apply(self.state, decision.deltas)
        self.entries += decision.deltas.entries

    def one_group_at_a_time(self, batch: Batch) -> LedgerState:
        """A batch is nothing but its groups in order."""
        state = self.state
        for group in grouped(batch):
            state = apply(state, decide(group, state).deltas)
        return state

    @invariant()
    def every_asset_sums_to_zero(self) -> None:
        totals: dict[int, Balance] = {}
        for numbered in self.entries:
            entry = numbered.entry
            before = totals.get(entry.account_id.int, Balance(entry.account_id))
            totals[entry.account_id.int] = replace(
                before,
                debits=before.debits + entry.debit_units,
                credits=before.credits + entry.credit_units,
            )
        assert trial_balance(self.state.accounts, totals.values()).balanced
        entries = tuple(numbered.entry for numbered in self.entries)
        assert not any(sums_by_asset(entries).values())

    @invariant()
    def available_is_never_below_the_floor(self) -> None:
        for balance in self.state.balances.values():
            account = self.state.accounts[balance.account_id]
            assert account.floor_units is not None
            assert balance.available(account.type) >= account.floor_units

    @invariant()
    def holds_add_up_and_agree_with_what_is_held(self) -> None:
        held: dict[int, int] = {}
        for hold in self.state.holds.values():
            assert hold.captured + hold.released + hold.remaining == hold.units
            assert (hold.state is HoldState.ACTIVE) == (hold.remaining > 0)
            assert_never_expired_behind_an_order(hold)
            theirs = self.oracle.holds[hold.id]
            assert (hold.remaining, hold.captured) == (theirs.remaining, sum(theirs.captured))
            held[hold.account_id.int] = held.get(hold.account_id.int, 0) + hold.remaining
        for balance in self.state.balances.values():
            assert balance.held == held.get(balance.account_id.int, 0)

    @invariant()
    def replaying_the_journal_gives_the_balances(self) -> None:
        for balance in self.state.balances.values():
            account = self.state.accounts[balance.account_id]
            units = self.oracle.units_of(account)
            assert balance.posted(account.type) == sum(units)
            assert balance.debits + balance.credits == sum(map(abs, units))
            assert_numbered_without_gaps(self.entries, account, units)
            assert balance.version == len(units)

    @invariant()
    def deferred_entries_carry_no_number(self) -> None:
        for numbered in self.entries:
            strict = self.state.accounts[numbered.entry.account_id].strict
            assert (numbered.account_seq is not None) == strict
            assert (numbered.balance_after is not None) == strict


def assert_never_expired_behind_an_order(hold: Hold) -> None:
    assert hold.expires_at is not None or hold.state is not HoldState.EXPIRED


def assert_numbered_without_gaps(
    entries: Sequence[NumberedEntry], account: Account, units: Sequence[int]
) -> None:
    mine = [numbered for numbered in entries if numbered.entry.account_id == account.id]
    running = [sum(units[: count + 1]) for count in range(len(units))]
    assert [numbered.account_seq for numbered in mine] == list(range(1, len(units) + 1))
    assert [numbered.balance_after for numbered in mine] == running


def grouped(batch: Batch) -> list[Batch]:
    groups: list[list[Command]] = []
    for command in batch:
        if groups and command.linked is not None and groups[-1][0].linked == command.linked:
            groups[-1].append(command)
        else:
            groups.append([command])
    return [tuple(group) for group in groups]


LedgerMachine.TestCase.settings = settings(stateful_step_count=25)
TestLedger = LedgerMachine.TestCase
