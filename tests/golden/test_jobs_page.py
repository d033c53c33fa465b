"""docs/jobs.md, written from the code. `UPDATE_GOLDEN=1` rewrites it."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from adapters.jobs.queue import HEARTBEAT, RETRIES, TIMEOUT
from application.jobs.work_policy import FAILING_FROM, LAG_MAX, WORK
from application.ports.bell import JobKind
from domain.jobs.retry import RetryPolicy
from entrypoints.worker.catalogue import CATALOGUE
from entrypoints.worker.jobs import JOBS
from entrypoints.worker.runner import BUDGET
from entrypoints.worker.schedule import (
    ALWAYS,
    BY_TIME,
    LOOK_EVERY,
    OVERDUE_AFTER,
    RUN_LEASE,
    RUN_RETRY,
    SWEEP_EVERY,
    TICK,
    WAITED_FOR,
)

PAGE: Final = Path(__file__).parents[2] / "docs" / "jobs.md"
HEAD: Final = f"""\
# Jobs

What goes on after a commit, and what time makes due. This page is written from the code
(`tests/golden/test_jobs_page.py`). Why it is built so is in [ADR
0007](adr/0007-intent-rows-and-a-doorbell.md).

- **Our rows are the record.** What is still to be done stands in `intents`, written in the commit
  that made it necessary; when time makes something due stands in `schedules`. Both are leased by
  the database's clock and fenced by the token that comes with the lease: whoever lost it writes
  nothing.
- **The queue is a bell.** A ringer in each worker looks for due rows every {{look}} and rings
  once for many. A job carries its kind and nothing else. The queue lives in PostgreSQL, or in
  Redis with `AKSUM_QUEUE_URL=redis://…`, and may lose, repeat or hold back what it likes: a
  sweeper does what is due every {{sweep}} without asking it.
- **Batches are fair.** Each tenant that waits gets a share of a batch before anybody gets more,
  oldest first; what is left over goes to whatever is oldest.
- **Retries are jittered.** The pause is drawn evenly between nothing and a ceiling that doubles
  with each failure in a row. From {FAILING_FROM} failures on work is shown as failing. What is
  parked waits for a person: [a runbook](runbooks/parked-jobs.md).
- **What time makes due runs in one process at a time**, whichever takes the lease, on a fixed
  grid of UTC. What fell into a time without workers is made up for by one run, a failed run is
  tried again within {{again}}.
- **Told to stop**, a worker takes nothing new, finishes its batches or gives their leases back,
  and ends within ten seconds. Killed, it leaves leases that end by themselves.
- `aksum doctor` finds amiss what is due for longer than {{lag}}, failing, parked, or overdue by
  {{overdue}}, and events without a number and deliveries to healthy endpoints that have waited
  for longer than {{lag}}; `aksum jobs status` shows all work,
  `aksum jobs metrics` as gauges, with those of events and webhooks: printed for a collector of
  text files, or served to a scraper with `--port 9464`. They are of the database, so one process
  is enough; it logs in as an operator, because no other role sees every tenant's rows.

A job of the queue ends after {{timeout}}, is taken for dead after {{heartbeat}} without a sign of
life, and is tried {RETRIES} times by the queue itself. A run goes on for {{budget}} at most while
there is more.
"""


def test_every_job_is_in_the_catalogue_and_has_one_reason_to_run() -> None:
    assert CATALOGUE.keys() == {job.kind for job in JOBS} == set(JobKind)
    reasons = [*WAITED_FOR, *ALWAYS, *BY_TIME]
    assert sorted(reasons) == sorted(JobKind)


def test_outer_limits_exceed_inner_ones() -> None:
    """A run ends before the queue ends it, and that before anybody else may take its rows."""
    assert BUDGET < HEARTBEAT < TIMEOUT < min(work.lease for work in WORK.values())
    assert RUN_LEASE > 2 * TICK


def test_page_says_what_the_code_does() -> None:
    text = "\n".join(lines()) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(text, encoding="utf-8")
    kept = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert kept == text, "docs/jobs.md differs: look, then UPDATE_GOLDEN=1"


def lines() -> Iterator[str]:
    yield HEAD.format(
        look=said(LOOK_EVERY),
        sweep=said(SWEEP_EVERY),
        again=said(timedelta(milliseconds=RUN_RETRY.ceiling_ms)),
        lag=said(LAG_MAX),
        overdue=said(OVERDUE_AFTER),
        timeout=said(TIMEOUT),
        heartbeat=said(HEARTBEAT),
        budget=said(BUDGET),
    )
    yield "## What somebody waits for\n"
    for kind, intents in WAITED_FOR.items():
        policy = WORK[intents]
        yield from section(
            kind,
            rung=f"by the ringer, looking every {said(LOOK_EVERY)}; swept every "
            f"{said(SWEEP_EVERY)} without a bell",
            lease=f"{said(policy.lease)}, one row at a time",
            retries=retries(policy.retry),
        )
    yield "## What every worker is at all the time\n"
    for kind, every in ALWAYS.items():
        yield from section(
            kind,
            rung=f"by no bell: a turn every {said(every)} in each worker",
            lease="none; the database keeps workers apart, one tenant in a transaction",
            retries="at the next turn",
        )
    yield "## What time makes due\n"
    for kind, table in BY_TIME.items():
        offset = f", {said(table.offset)} after midnight UTC" if table.offset else ""
        first = "at once on a new platform" if table.at_once else "not before its time comes"
        yield from section(
            kind,
            rung=f"by no bell: every {said(table.every).removeprefix('1 ')}{offset}; first {first}",
            lease=f"{said(RUN_LEASE)}, renewed while it runs; one process at a time",
            retries=f"{retries(RUN_RETRY)}; at the latest when its time comes round",
        )


def section(kind: JobKind, *, rung: str, lease: str, retries: str) -> Iterator[str]:
    entry = CATALOGUE[kind]
    yield f"### `{kind}`\n\n{entry.does}\n"
    yield "| | |\n|---|---|"
    for name, text in (
        ("rung for", rung),
        ("due", entry.due),
        ("lease", lease),
        ("retries", retries),
        ("parked", entry.parked),
        ("twice", entry.twice),
    ):
        yield f"| {name} | {text} |"
    yield ""


def retries(policy: RetryPolicy) -> str:
    times = "for ever" if policy.failures_max is None else f"until {policy.failures_max} failures"
    low, high = (timedelta(milliseconds=each) for each in (policy.first_ms, policy.ceiling_ms))
    return f"{times}, the ceiling of the pause from {said(low)} to {said(high)}"


def said(duration: timedelta) -> str:
    for name, unit in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
        ("second", timedelta(seconds=1)),
        ("millisecond", timedelta(milliseconds=1)),
    ):
        count, rest = divmod(duration, unit)
        if count and not rest:
            return f"{count} {name}" + ("s" if count > 1 else "")
    raise AssertionError(f"no whole milliseconds: {duration}")
