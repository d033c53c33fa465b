"""The invariants of docs/ledger/invariants.md, each by its number, on books that have lived.

The machines in tests/stateful look for histories that break them; here each is seen to hold, and
where the database asserts it as well, to be refused there.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import asyncpg
import pytest
import pytest_asyncio
from msgspec.structs import replace

from application.ports.ledger_history import BookedBy
from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold, Request
from domain.ledger.entry import HoldCapture
from domain.ledger.outcomes import OutcomeCode
from tests.fixtures.postgres_servers import Server
from tests.integration.direct import set_tenant, undone
from tests.soak.checks import BALANCES, IMBALANCE, RUNNING
from tests.soak.history import REPLAYED, TICK
from tests.stateful.ledger_histories import (
    ALICE,
    ALICE_BTC,
    BOB,
    CLOSED,
    CREDIT_LINE,
    HOUSE,
    HOUSE_BTC,
    LINE,
    TILL,
    UNKNOWN,
    cast,
)
from tests.stateful.ledger_store import Books, Store
from tests.unit.domain.ledger.books import (
    BTC,
    LATER,
    TODAY,
    a_hold,
    a_transaction,
    hold_id,
    transaction_id,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

OK: Final = OutcomeCode.OK
EVEN_LATER: Final = LATER + timedelta(minutes=5)
CLOSED_THROUGH: Final = TODAY - timedelta(days=3)
WRITERS: Final = 4
ROUNDS: Final = 12
UNBALANCED: Final = """
INSERT INTO aksum.ledger_entries
  (tenant_id, transaction_id, leg, account_id, asset, units, account_seq, balance_after, booked_at)
SELECT tenant_id, transaction_id, leg + 10, account_id, asset, units, account_seq, balance_after,
  booked_at
FROM aksum.ledger_entries WHERE tenant_id = $1 LIMIT 1
"""
HELD: Final = """
SELECT count(*) FROM aksum.ledger_balances b WHERE held <> (
  SELECT coalesce(sum(remaining), 0) FROM aksum.ledger_holds h
  WHERE h.tenant_id = b.tenant_id AND h.account_id = b.account_id AND h.state = 'active')
"""
HOLDS: Final = """
SELECT count(*) AS holds, count(*) FILTER (WHERE captured + released + remaining <> units) AS torn,
  count(*) FILTER (WHERE (state = 'active') <> (remaining > 0)) AS undead
FROM aksum.ledger_holds WHERE tenant_id = $1
"""


def post(number: int, *entries: tuple[int, int], **terms: object) -> Post:
    return Post(replace(a_transaction(number, *entries), **terms), LATER)


def taking(number: int, hold: int, units: int, *, final: bool = False) -> Post:
    captures = (HoldCapture(hold_id(hold), units, final),)
    return post(number, (ALICE, -units), (HOUSE, units), captures=captures)


def keyed(command: Command, key: str) -> Command:
    return replace(command, request=Request(key, bytes(32)))


FUNDS: Final[Batch] = (
    post(1, (HOUSE, -100), (ALICE, 100)),
    post(2, (HOUSE, -100), (BOB, 100)),
    post(3, (TILL, -80), (HOUSE, 80)),
    Post(a_transaction(4, (HOUSE_BTC, -9), (ALICE_BTC, 9), asset=BTC), LATER),
)
LIFE: Final[tuple[Batch, ...]] = (
    (post(5, (ALICE, -10), (BOB, 7), (HOUSE, 3)), post(6, (LINE, -CREDIT_LINE), (BOB, 50))),
    (PlaceHold(a_hold(1, ALICE, 30)), PlaceHold(a_hold(2, ALICE, 20, expires_at=EVEN_LATER))),
    (taking(7, 1, 5), taking(8, 1, 5), taking(9, 1, 5, final=True)),
    (PlaceHold(a_hold(3, BOB, 10)), ReleaseHold(hold_id(3), LATER)),
    (ExpireHold(hold_id(2), EVEN_LATER), PlaceHold(a_hold(4, BOB, 6))),
    (post(10, (BOB, -7), (ALICE, 7)), post(11, (BOB, 7), (ALICE, -7), reverses=transaction_id(10))),
    (post(12, (ALICE, -1), (BOB, 1), effective_on=TODAY - timedelta(days=2)),),
)
ASKED: Final[tuple[tuple[Batch, OutcomeCode], ...]] = (
    ((keyed(post(20, (ALICE, -2), (BOB, 2)), "paid"),), OK),
    ((keyed(post(21, (ALICE, -900), (BOB, 900)), "too much"),), OutcomeCode.BELOW_FLOOR),
    ((keyed(PlaceHold(a_hold(9, BOB, 3)), "held"),), OK),
    ((keyed(ReleaseHold(hold_id(11), LATER), "no hold"),), OutcomeCode.HOLD_NOT_FOUND),
)
# One command that breaks each rule a command can break here, by the answer to it.
REFUSED: Final[dict[OutcomeCode, Command]] = {
    OutcomeCode.TRANSACTION_EXISTS: post(1, (ALICE, -1), (BOB, 1)),
    OutcomeCode.ORIGINAL_NOT_FOUND: post(30, (ALICE, -1), (BOB, 1), reverses=transaction_id(299)),
    OutcomeCode.ORIGINAL_REVERSED: post(31, (BOB, 7), (ALICE, -7), reverses=transaction_id(10)),
    OutcomeCode.REVERSAL_DIFFERS: post(32, (BOB, -9), (ALICE, 9), reverses=transaction_id(5)),
    OutcomeCode.PERIOD_CLOSED: post(33, (ALICE, -1), (BOB, 1), effective_on=CLOSED_THROUGH),
    OutcomeCode.ACCOUNT_NOT_FOUND: post(34, (ALICE, -1), (UNKNOWN, 1)),
    OutcomeCode.ASSET_MISMATCH: post(35, (ALICE, -1), (ALICE_BTC, 1)),
    OutcomeCode.ACCOUNT_CLOSED: post(36, (ALICE, -1), (CLOSED, 1)),
    OutcomeCode.ACCOUNT_NOT_STRICT: PlaceHold(a_hold(8, HOUSE, 1)),
    OutcomeCode.HOLD_EXISTS: PlaceHold(a_hold(1, ALICE, 1)),
    OutcomeCode.HOLD_NOT_FOUND: ReleaseHold(hold_id(11), LATER),
    OutcomeCode.HOLD_NOT_ACTIVE: ReleaseHold(hold_id(1), LATER),
    OutcomeCode.HOLD_NOT_DUE: ExpireHold(hold_id(4), LATER),
    OutcomeCode.HOLD_EXCEEDED: post(
        37, (BOB, -7), (HOUSE, 7), captures=(HoldCapture(hold_id(4), 7, False),)
    ),
    OutcomeCode.HOLD_NOT_SPENT: post(
        38, (BOB, -1), (HOUSE, 1), captures=(HoldCapture(hold_id(4), 2, False),)
    ),
    OutcomeCode.BELOW_FLOOR: post(39, (LINE, -1), (BOB, 1)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(postgres_server: Server) -> AsyncIterator[Store]:
    database = postgres_server.create_database()
    made = Store(database)
    await made.open()
    yield made
    await made.close()
    postgres_server.drop_database(database.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def books(store: Store) -> Books:
    """Everything has happened to them that can, and what is effective so early is closed."""
    lived = Books(store, cast())
    await lived.open()
    for batch in (FUNDS, *LIFE):
        outcomes = await lived.post(batch, alone=True)
        assert {outcome.code for outcome in outcomes} == {OK}
    for batch, code in ASKED:
        (outcome,) = await lived.post(batch, alone=True)
        assert outcome.code is code
    assert await lived.close_period(CLOSED_THROUGH)
    return lived


async def test_i1_entries_of_every_transaction_sum_to_zero_per_asset(
    store: Store, books: Books
) -> None:
    assert await store.admin.fetchval(IMBALANCE) == 0
    async with undone(store.admin):
        with pytest.raises(asyncpg.CheckViolationError, match="do not sum to zero"):
            await store.admin.execute(UNBALANCED, books.tenant_id)


async def test_i2_balances_equal_the_replay_of_the_journal(store: Store, books: Books) -> None:
    assert await store.admin.fetchval(BALANCES) == 0
    assert await store.admin.fetchval(HELD) == 0


async def test_i3_available_is_above_the_floor_at_every_entry(store: Store, books: Books) -> None:
    assert (await store.admin.fetchrow(RUNNING))["below_floor"] == 0
    async with undone(store.admin):
        with pytest.raises(asyncpg.CheckViolationError, match="ledger_balances_floor"):
            await store.admin.execute("UPDATE aksum.ledger_balances SET held = held + 1000000")


async def test_i4_parts_of_every_hold_add_up_and_it_ends_once(store: Store, books: Books) -> None:
    row = await store.admin.fetchrow(HOLDS, books.tenant_id)
    assert (row["holds"], row["torn"], row["undead"]) == (5, 0, 0)
    for ended in (1, 2, 3):
        (outcome,) = await books.post((ReleaseHold(hold_id(ended), LATER),), alone=True)
        assert outcome.code is OutcomeCode.HOLD_NOT_ACTIVE


async def test_i5_same_key_gets_the_same_answer_and_changes_nothing(books: Books) -> None:
    before = await books.digests()
    for alone in (True, False):
        for batch, code in ASKED:
            (outcome,) = await books.post(batch, alone=alone)
            assert (outcome.code, outcome.replayed) == (code, True)
    assert await books.digests() == before


@pytest.mark.parametrize("code", REFUSED, ids=lambda code: code.name.lower())
async def test_i6_refused_command_leaves_every_row_as_it_was(
    books: Books, code: OutcomeCode
) -> None:
    before = await books.digests()
    linked = (post(90, (ALICE, -1), (BOB, 1)), REFUSED[code])
    group: Batch = tuple(replace(command, linked=1) for command in linked)
    for batch in ((REFUSED[code],), group):
        for alone in (True, False):
            outcomes = await books.post(batch, alone=alone)
            assert outcomes[-1].code is code
    assert await books.digests() == before


async def test_i7_entries_are_numbered_without_gap_and_balances_run_on(
    store: Store, books: Books
) -> None:
    running = dict(await store.admin.fetchrow(RUNNING))
    assert running.pop("entries") > 0
    running = {name: running[name] for name in ("misnumbered", "back_in_time")}
    assert running == dict.fromkeys(running, 0)
    findings = await store.ports.ledger_audit.findings(limit=1_000)
    assert "running_balance_continues" not in {each.check for each in findings}


async def test_i8_tenant_sees_and_changes_no_row_of_another(store: Store, books: Books) -> None:
    other = Books(store, cast())
    await other.open()
    before = await books.digests()
    async with store.api.transaction():
        await set_tenant(store.api, other.tenant_id)
        for table in store.ledger_tables:
            seen = f"SELECT count(*) FROM aksum.{table} WHERE tenant_id = $1"
            assert await store.api.fetchval(seen, books.tenant_id) == 0
        for table in ("ledger_balances", "ledger_holds"):
            changed = f"UPDATE aksum.{table} SET tenant_id = tenant_id WHERE tenant_id = $1"
            assert await store.api.execute(changed, books.tenant_id) == "UPDATE 0"
    (outcome,) = await other.post((ReleaseHold(hold_id(4), LATER),), alone=True)
    assert outcome.code is OutcomeCode.HOLD_NOT_FOUND
    assert await books.digests() == before


async def test_i10_balance_as_of_a_time_is_the_replay_to_it_while_writers_run(
    store: Store, books: Books
) -> None:
    busy = await funded(store)
    writing = asyncio.gather(*(write(busy, number) for number in range(WRITERS)))
    seen = 0
    while not writing.done():
        await busy.fold(5)
        closed = await store.ports.ledger_clock.closed_until()
        if closed is None:
            continue
        final = closed - TICK
        rows = await store.admin.fetch(REPLAYED, busy.tenant_id, final)
        replayed = {busy.small(row["id"]): int(row["units"]) for row in rows}
        assert await busy.posted(BookedBy(final)) == replayed
        seen += 1
    await writing
    assert seen > 1


async def test_i11_deferred_account_reads_the_same_before_and_after_a_fold_with_writers_running(
    store: Store, books: Books
) -> None:
    """All that is paid comes from strict accounts: what they have less is what it has more."""
    busy = await funded(store)
    writing = asyncio.gather(*(write(busy, number) for number in range(WRITERS)))
    while not writing.done():
        await busy.fold(3)
        posted = await busy.posted(BookedBy(await busy.now()))
        # USDT only: the till and the house are worth more by debits, the others by credits.
        by_number = {account.int: units for account, units in posted.items()}
        owed = sum(by_number[number] for number in (ALICE, BOB, LINE, CLOSED))
        assert by_number[HOUSE] + by_number[TILL] == owed
    await writing
    before = await busy.money()
    for _ in range(ROUNDS):
        await busy.fold(1_000)
        assert await busy.money() == before


async def test_i12_nothing_is_dated_back_into_a_closed_period(store: Store, books: Books) -> None:
    moves = [
        post(100 + days, (ALICE, -1), (BOB, 1), effective_on=CLOSED_THROUGH - timedelta(days=days))
        for days in (0, 1, 400)
    ]
    for alone in (True, False):
        outcomes = [(await books.post((each,), alone=alone))[0].code for each in moves]
        assert outcomes == [OutcomeCode.PERIOD_CLOSED] * len(moves)
    day_after = CLOSED_THROUGH + timedelta(days=1)
    (outcome,) = await books.post(
        (post(104, (ALICE, -1), (BOB, 1), effective_on=day_after),), alone=True
    )
    assert outcome.code is OK
    statement = (
        "UPDATE aksum.ledger_periods SET closed_through = closed_through - 1 WHERE tenant_id = $1"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await store.admin.execute(statement, books.tenant_id)


async def funded(store: Store) -> Books:
    made = Books(store, cast())
    await made.open()
    await made.post(FUNDS, alone=True)
    return made


async def write(busy: Books, writer: int) -> None:
    for number in range(ROUNDS):
        place = 300 + writer * ROUNDS * 2 + number * 2
        payer = (ALICE, BOB)[number % 2]
        batch = (post(place, (payer, -1), (HOUSE, 1)), post(place + 1, (ALICE, -1), (BOB, 1)))
        outcomes = await busy.post(batch, alone=number % 3 > 0)
        assert {outcome.code for outcome in outcomes} == {OK}
