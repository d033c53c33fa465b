"""What must be true of the books after a run, whoever was killed while they were written."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from asyncpg import Connection

from domain.ledger.outcomes import OutcomeCode
from tests.soak.diary import Answered, Failed, Sent, Told, read
from tests.soak.plan import Payment, Plan

OK: Final = int(OutcomeCode.OK)
# Each strict account's entries in order: number, running balance, and the time it was booked.
RUNNING: Final = """
SELECT count(*) AS entries,
  count(*) FILTER (WHERE balance_after < floor_units) AS below_floor,
  count(*) FILTER (WHERE account_seq <> place) AS misnumbered,
  count(*) FILTER (WHERE balance_after <> running) AS miscounted,
  count(*) FILTER (WHERE booked_at < earlier) AS back_in_time
FROM (
  SELECT e.*, a.floor_units, row_number() OVER w AS place,
    sum(CASE WHEN a.type IN ('asset', 'expense') THEN -e.units ELSE e.units END) OVER w AS running,
    lag(e.booked_at) OVER w AS earlier
  FROM aksum.ledger_entries e
  JOIN aksum.ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
  WHERE a.floor_units IS NOT NULL
  WINDOW w AS (PARTITION BY e.tenant_id, e.account_id ORDER BY e.account_seq)) numbered
"""
IMBALANCE: Final = """
SELECT count(*) FROM (
  SELECT FROM aksum.ledger_entries GROUP BY tenant_id, transaction_id, asset
  HAVING sum(units) <> 0) unbalanced
"""
BALANCES: Final = """
SELECT count(*) FROM aksum.ledger_balances b WHERE (b.debits, b.credits, b.version) <> (
  SELECT coalesce(-sum(units) FILTER (WHERE units < 0), 0),
    coalesce(sum(units) FILTER (WHERE units > 0), 0), count(*)
  FROM aksum.ledger_entries e WHERE e.tenant_id = b.tenant_id AND e.account_id = b.account_id)
"""
REQUESTS: Final = """
SELECT key, outcome, transaction_id FROM aksum.ledger_requests WHERE tenant_id = $1
"""
POSTED: Final = """
SELECT t.reference, t.id, array_agg(e.account_id ORDER BY e.leg) AS accounts,
  array_agg(e.units::text ORDER BY e.leg) AS units
FROM aksum.ledger_transactions t JOIN aksum.ledger_entries e
  ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
WHERE t.tenant_id = $1 AND t.template = 'transfer' GROUP BY t.reference, t.id
"""
DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What the writers wrote down. `answers` are by key; `resent` batches had lost their answer."""

    answers: Mapping[str, Answered]
    batches: int
    resent: int
    resent_replayed: int
    failures: Mapping[str, int]


def gather(plan: Plan, diaries: Iterable[Path]) -> Run:
    answers: dict[str, Answered] = {}
    sent: Counter[tuple[int, int]] = Counter()
    failures: Counter[str] = Counter()
    failed: Counter[tuple[int, int]] = Counter()
    told: dict[tuple[int, int], Told] = {}
    for line in (line for diary in diaries for line in read(diary)):
        place = (line.writer, line.batch)
        match line:
            case Sent():
                sent[place] += 1
            case Failed():
                failures[line.error] += 1
                failed[place] += 1
            case Told():
                assert place not in told, "a batch was answered twice"
                told[place] = line
                answers |= {answer.key: answer for answer in line.answers}
    resent = {place for place in told if sent[place] > 1 or failed[place] > 0}
    replayed = [place for place in resent if all(each.replayed for each in told[place].answers)]
    return Run(
        answers=answers,
        batches=len(told),
        resent=len(resent),
        resent_replayed=len(replayed),
        failures=failures,
    )


async def check_books(admin: Connection) -> dict[str, int]:
    """What was counted, by its name: all of it zero but the entries."""
    counted: dict[str, int] = dict(await admin.fetchrow(RUNNING))
    entries = counted.pop("entries")
    assert entries > 0
    counted["transactions_that_do_not_sum_to_zero"] = await admin.fetchval(IMBALANCE)
    counted["balances_unlike_the_replay"] = await admin.fetchval(BALANCES)
    counted["deadlocks"] = await admin.fetchval(DEADLOCKS)
    assert counted == dict.fromkeys(counted, 0)
    return {"entries": entries, **counted}


async def check_answers(admin: Connection, plan: Plan, run: Run) -> None:
    """Every payment was answered as it is stored, posted once if accepted, and else not at all."""
    planned = {
        payment.key: payment
        for writer in range(plan.writers)
        for batch in plan.batches(writer)
        for payment in batch
    }
    assert len(planned) == plan.payments
    assert set(run.answers) == set(planned)
    stored = {row["key"]: row for row in await admin.fetch(REQUESTS, plan.tenant_id)}
    assert set(stored) == set(planned)
    posted = {}
    for row in await admin.fetch(POSTED, plan.tenant_id):
        assert row["reference"] not in posted, "posted twice"
        posted[row["reference"]] = row
    for key, answer in run.answers.items():
        assert stored[key]["outcome"] == answer.code, key
        assert (key in posted) == (answer.code == OK), key
        if answer.code == OK:
            assert_posted(plan, planned[key], answer, posted[key], stored[key])


def assert_posted(
    plan: Plan,
    payment: Payment,
    answer: Answered,
    row: Mapping[str, object],
    stored: Mapping[str, object],
) -> None:
    entries = plan.entries(payment)
    assert row["accounts"] == [entry.account_id for entry in entries], payment.key
    assert row["units"] == [str(entry.units) for entry in entries], payment.key
    assert stored["transaction_id"] == row["id"], payment.key
    if answer.posted is not None:
        assert str(row["id"]).replace("-", "") == answer.posted, payment.key
