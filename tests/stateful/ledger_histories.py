"""Strategies for histories of a ledger: commands of every kind, of which some must be refused.

Everything is named by small numbers, so that a failure can be read. A store that wants other ids
is given the same batch with its own in their place.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ledger.account import Account, AccountKey, AccountType
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold, Request
from domain.ledger.entry import Entry, HoldCapture, JournalTransaction
from domain.ledger.hold import Hold
from domain.shared.ids import TransactionId
from domain.shared.money import AssetCode
from tests.unit.domain.ledger.books import (
    BTC,
    NOW,
    TODAY,
    USDT,
    a_hold,
    a_transaction,
    account_id,
    an_account,
    transaction_id,
)

ALICE, BOB, LINE, TILL, HOUSE, CLOSED, ALICE_BTC, HOUSE_BTC, UNKNOWN = range(1, 10)
SPENDERS: Final = (ALICE, BOB, LINE, TILL)
# Now and then an account that must be refused, or one of another asset.
POOLS: Final = {
    USDT: (*SPENDERS, HOUSE, HOUSE, ALICE, BOB, CLOSED, ALICE_BTC, UNKNOWN),
    BTC: (ALICE_BTC, HOUSE_BTC, HOUSE_BTC, ALICE_BTC, HOUSE),
}
CREDIT_LINE: Final = 50
FUND_UNITS_MAX: Final = 200
UNITS_MAX: Final = 60
HOLDS_MAX: Final = 12
COMMANDS_MAX: Final = 5
KEYS_MAX: Final = 40
INSTANTS: Final = [NOW + timedelta(minutes=minutes) for minutes in range(1, 6)]
# The journal may be closed through the second last of the days before; most is of today.
DAYS_BACK_MAX: Final = 6
CLOSABLE: Final = [TODAY - timedelta(days=days) for days in range(2, DAYS_BACK_MAX + 1)]
DAYS: Final = [
    *[TODAY] * 6,
    TODAY + timedelta(days=1),
    *[TODAY - timedelta(days=days) for days in range(1, DAYS_BACK_MAX + 1)],
]

Transactions = Mapping[TransactionId, JournalTransaction]

small: Final = st.integers(1, UNITS_MAX)
instants: Final = st.sampled_from(INSTANTS)
days: Final[st.SearchStrategy[date]] = st.sampled_from(DAYS)
# Many, so that most are new, and not too many, so that some are not.
numbers: Final = st.integers(1, 300)


def cast() -> list[Account]:
    """Floors at zero and below, on both normal sides; accounts without one; and a closed one."""
    till = Account(
        id=account_id(TILL),
        key=AccountKey(AccountCode.CUSTODY, USDT),
        type=AccountType.ASSET,
        floor_units=0,
        created_at=NOW,
    )
    return [
        an_account(ALICE),
        an_account(BOB),
        replace(an_account(LINE), floor_units=-CREDIT_LINE),
        till,
        an_account(HOUSE, AccountCode.HOUSE_CLEARING),
        an_account(CLOSED, closed=True),
        an_account(ALICE_BTC, asset=BTC),
        an_account(HOUSE_BTC, AccountCode.HOUSE_CLEARING, BTC),
    ]


@st.composite
def funds(draw: st.DrawFn) -> Command:
    account = draw(st.sampled_from([*SPENDERS, ALICE_BTC]))
    house, asset = (HOUSE_BTC, BTC) if account == ALICE_BTC else (HOUSE, USDT)
    units = draw(st.integers(1, FUND_UNITS_MAX)) * (-1 if account == TILL else 1)
    entries = (house, -units), (account, units)
    return Post(a_transaction(draw(numbers), *entries, asset=asset), draw(instants))


def entries_of(draw: st.DrawFn, asset: AssetCode, *, entries_max: int) -> tuple[Entry, ...]:
    pool = st.sampled_from(POOLS[asset])
    accounts = draw(st.lists(pool, min_size=2, max_size=entries_max, unique=True))
    moved = [draw(small) * draw(st.sampled_from([-1, 1])) for _ in accounts[1:]]
    units = [-sum(moved), *moved]
    entries = [(account, n) for account, n in zip(accounts, units, strict=True) if n != 0]
    if len(entries) < len(accounts):
        entries = [(accounts[0], -1), (accounts[1], 1)]
    return tuple(Entry(account_id(account), asset, moved) for account, moved in entries)


@st.composite
def posts(draw: st.DrawFn) -> Command:
    """In one asset, or in two as a trade is."""
    assets = draw(st.sampled_from([(USDT,), (USDT,), (BTC,), (USDT, BTC)]))
    legs = [leg for asset in assets for leg in entries_of(draw, asset, entries_max=4)]
    # An account of the other asset may have been drawn twice, and has one entry at most.
    once = {leg.account_id: leg for leg in legs}
    entries = tuple(legs) if len(once) == len(legs) else tuple(legs[:2])
    if sum(leg.units for leg in entries) != 0:
        entries = Entry(account_id(ALICE), USDT, -1), Entry(account_id(BOB), USDT, 1)
    transaction = replace(a_transaction(draw(numbers), (1, 1), (2, -1)), entries=entries)
    return Post(replace(transaction, effective_on=draw(days)), draw(instants))


@st.composite
def reversals(draw: st.DrawFn, known: Sequence[JournalTransaction]) -> Command:
    """Of something posted, wholly or nearly so, or of what was never there."""
    original = draw(st.sampled_from(known))
    entries = tuple(replace(leg, units=-leg.units) for leg in original.entries)
    kind = draw(st.integers(0, 9))
    if kind == 0:
        entries = tuple(replace(leg, units=leg.units * 2) for leg in entries)
    if kind == 1:
        entries = tuple(reversed(entries))
    number = 301 if kind == 2 else original.id.int - transaction_id(0).int
    turned = a_transaction(draw(numbers), (1, 1), (2, -1))
    reverses = transaction_id(number)
    day = draw(days)
    return Post(
        replace(turned, entries=entries, reverses=reverses, effective_on=day), draw(instants)
    )


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
def requests(draw: st.DrawFn) -> Request:
    """Few keys and fewer fingerprints: a key often comes again, now and then for something else."""
    number = draw(st.integers(1, KEYS_MAX))
    return Request(f"key-{number}", bytes([draw(st.sampled_from([0, 0, 0, 1]))]) * 32)


@st.composite
def batches(draw: st.DrawFn, known: Sequence[Hold], posted: Sequence[JournalTransaction]) -> Batch:
    """`known` are holds there were before; those the batch places are drawn from as well."""
    holds = list(known) or [a_hold(HOLDS_MAX + 1, ALICE, 1)]
    originals = list(posted) or [a_transaction(301, (ALICE, -1), (BOB, 1))]
    batch: list[Command] = []
    linked: int | None = None
    keyed = False
    for position in range(draw(st.integers(1, COMMANDS_MAX))):
        if not (linked is not None and draw(st.booleans())):
            linked = draw(st.sampled_from([None, None, position]))
            keyed = draw(st.booleans())
        command = draw(
            st.one_of(
                funds(),
                posts(),
                captures(holds),
                captures(holds),
                places(),
                ends(holds),
                reversals(originals),
            )
        )
        if isinstance(command, PlaceHold):
            holds.append(command.hold)
        if isinstance(command, Post):
            originals.append(command.transaction)
        request = draw(requests()) if keyed else None
        batch.append(replace(command, linked=linked, request=request))
    return tuple(batch)
