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
from domain.ledger.balance import ACCUMULATOR_LIMIT
from domain.ledger.commands import Batch, Post, ReleaseHold, Request
from domain.ledger.outcomes import OutcomeCode
from tests.fixtures.postgres_servers import Server
from tests.integration.direct import set_tenant, undone
from tests.integration.ledger_life import (
    ASKED,
    CLOSED_THROUGH,
    FUNDS,
    OK,
    REFUSED,
    lived,
    post,
)
from tests.soak.checks import BALANCES, IMBALANCE, RUNNING
from tests.soak.history import REPLAYED, TICK
from tests.stateful.ledger_histories import (
    ALICE,
    BOB,
    CLOSED,
    HOUSE,
    LINE,
    TILL,
    cast,
)
from tests.stateful.ledger_store import Books, Store
from tests.unit.domain.ledger.books import (
    LATER,
    account_id,
    hold_id,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

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


def counting(column: str) -> str:
    return f"SELECT {column} FROM ({RUNNING}) AS counted"


# The rest have a test of their own, are a group's, or of what cannot even be built.
ELSEWHERE: Final = {
    OutcomeCode.OK,
    OutcomeCode.KEY_REUSED,
    OutcomeCode.BALANCE_LIMIT,
    OutcomeCode.LINKED_FAILED,
    OutcomeCode.UNBALANCED,
}
FULL: Final = """
UPDATE aksum.ledger_balances SET debits = $2::text::numeric - (credits - debits),
  credits = $2::text::numeric
WHERE tenant_id = $1 AND sign = 1 AND floor_units = 0
"""


# What a check must not be blind to: done to the books of a tenant, it finds something.
OF_ALICE: Final = """tenant_id = $1 AND account_id = (
  SELECT account_id FROM aksum.ledger_entries WHERE tenant_id = $1 AND account_seq = 3 LIMIT 1)"""
SHIFTED: Final = f"UPDATE aksum.ledger_entries SET {{}} WHERE {OF_ALICE} AND account_seq = 3"
# Two transactions that are wrong by as much, so that all of them together are not.
SKEWED: Final = """
WITH two AS (
  SELECT t.id, CASE WHEN row_number() OVER () = 1 THEN 1 ELSE -1 END AS by
  FROM aksum.ledger_transactions t WHERE tenant_id = $1 LIMIT 2)
UPDATE aksum.ledger_entries e SET units = units + two.by FROM two
WHERE e.tenant_id = $1 AND e.transaction_id = two.id AND e.leg = 0 AND e.units + two.by <> 0
"""
DAMAGE: Final[dict[str, tuple[str, str]]] = {
    "i1": (SKEWED, IMBALANCE),
    "i2 posted": (
        f"UPDATE aksum.ledger_balances SET credits = credits + 1 WHERE {OF_ALICE}",
        BALANCES,
    ),
    "i2 held": (f"UPDATE aksum.ledger_balances SET held = held + 1 WHERE {OF_ALICE}", HELD),
    "i3": (SHIFTED.format("balance_after = -1"), counting("below_floor")),
    "i7 number": (SHIFTED.format("account_seq = 1000000"), counting("misnumbered")),
    "i7 balance": (SHIFTED.format("balance_after = balance_after + 1"), counting("miscounted")),
    "i7 time": (
        SHIFTED.format("booked_at = booked_at - interval '1 day'"),
        counting("back_in_time"),
    ),
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
    return await lived(store)


@pytest.mark.parametrize("damage", DAMAGE)
async def test_check_of_an_invariant_sees_what_breaks_it(
    store: Store, books: Books, damage: str
) -> None:
    statement, check = DAMAGE[damage]
    async with undone(store.admin):
        await store.admin.execute("ALTER TABLE aksum.ledger_entries DISABLE TRIGGER USER")
        assert await store.admin.fetchval(check) == 0
        assert await store.admin.execute(statement, books.tenant_id) != "UPDATE 0"
        assert await store.admin.fetchval(check) > 0


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
            await store.admin.execute(
                "UPDATE aksum.ledger_balances SET held = held + 1000000 WHERE NOT closed"
            )


async def test_i4_parts_of_every_hold_add_up_and_it_ends_once(store: Store, books: Books) -> None:
    row = await store.admin.fetchrow(HOLDS, books.tenant_id)
    assert (row["holds"], row["torn"], row["undead"]) == (6, 0, 0)
    async with undone(store.admin):
        with pytest.raises(asyncpg.CheckViolationError, match="ledger_holds_whole"):
            await store.admin.execute("UPDATE aksum.ledger_holds SET captured = captured + 1")
    for ended in (1, 2, 3):
        (outcome,) = await books.post((ReleaseHold(hold_id(ended), LATER),), alone=True)
        assert outcome.code is OutcomeCode.HOLD_NOT_ACTIVE


async def test_i5_same_key_gets_the_same_answer_and_changes_nothing(books: Books) -> None:
    before = await books.digests()
    for alone in (True, False):
        for batch, code in ASKED:
            (outcome,) = await books.post(batch, alone=alone)
            assert (outcome.code, outcome.replayed) == (code, True)
            for command in batch:
                posted = isinstance(command, Post) and code is OK and command.transaction.id
                assert outcome.transaction_id == (posted or None)
                assert command.request is not None
                other = replace(command, request=Request(command.request.key, bytes([1]) * 32))
                (reused,) = await books.post((other,), alone=alone)
                assert (reused.code, reused.replayed) == (OutcomeCode.KEY_REUSED, False)
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


async def test_i6_balance_that_would_not_fit_leaves_every_row_as_it_was(store: Store) -> None:
    full = await funded(store)
    await store.admin.execute(FULL, full.tenant_id, str(ACCUMULATOR_LIMIT - 1))
    before = await full.digests()
    for alone in (True, False):
        for batch in ((post(20, (ALICE, -1), (BOB, 1)),), (post(21, (HOUSE, -1), (BOB, 1)),) * 2):
            outcomes = await full.post(batch, alone=alone)
            assert {each.code for each in outcomes} == {OutcomeCode.BALANCE_LIMIT}
    assert await full.digests() == before


async def test_i6_every_refusal_of_a_command_is_tried() -> None:
    assert REFUSED.keys() | ELSEWHERE == set(OutcomeCode)


async def test_i7_entries_are_numbered_without_gap_and_balances_run_on(
    store: Store, books: Books
) -> None:
    running = dict(await store.admin.fetchrow(RUNNING))
    assert running.pop("entries") > 0
    assert running == dict.fromkeys(running, 0)


async def test_i8_tenant_sees_and_changes_no_row_of_another(store: Store, books: Books) -> None:
    other = Books(store, cast())
    await other.open()
    before = await books.digests()
    async with store.api.transaction():
        await set_tenant(store.api, other.tenant_id)
        for table in store.ledger_tables:
            seen = f"SELECT count(*) FROM aksum.{table} WHERE tenant_id = $1"
            assert await store.api.fetchval(seen, books.tenant_id) == 0
        for table, column in (("ledger_balances", "held"), ("ledger_holds", "remaining")):
            changed = f"UPDATE aksum.{table} SET {column} = {column} WHERE tenant_id = $1"
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
        # All that is written takes from it.
        most = await replayed(store, busy, HOUSE)
        await busy.fold(3)
        seen = (await busy.money())[account_id(HOUSE)].posted
        assert most >= seen >= await replayed(store, busy, HOUSE)
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


async def replayed(store: Store, busy: Books, number: int) -> int:
    rows = await store.admin.fetch(REPLAYED, busy.tenant_id, await busy.now())
    return next(int(row["units"]) for row in rows if busy.small(row["id"]).int == number)


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
