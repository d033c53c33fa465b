"""The runbooks parked-jobs and queue-backlog, rehearsed with the commands they name."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from application.jobs.work_policy import FAILING_FROM, WORK
from application.ports.intents import IntentKind
from domain.shared.ids import IdPrefix, TenantId, encode_id
from tests.architecture.sources import ROOT
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected
from tests.integration.operator_process import SECONDS_MAX, OperatorHere
from tests.integration.stack import Stack, open_stack
from tests.integration.test_failing_work import BROKEN_MIRROR, pending_order

MENDED = "UPDATE aksum.intents SET payload = $2 WHERE subject = $1"
STALE_DELIVERY = """
WITH endpoint AS (
  INSERT INTO aksum.webhook_endpoints (tenant_id, id, url, event_types, status, is_troubled,
    last_seq, version, created_at, updated_at)
  VALUES ($1, gen_random_uuid(), 'https://x.partner.com/', '{*}', 'active', false, 0, 1, now(),
    now())
  RETURNING tenant_id, id)
INSERT INTO aksum.webhook_deliveries (tenant_id, endpoint_id, event_id, event_type, seq,
  next_action_at)
SELECT tenant_id, id, gen_random_uuid(), 'order.filled.v1', 1, now() - interval '10 minutes'
FROM endpoint
"""
OLD = "UPDATE aksum.intents SET next_action_at = now() - interval '10 minutes'"


@pytest.fixture
async def stack(database_18: Database) -> AsyncIterator[Stack]:
    async with open_stack(database_18) as opened:
        yield opened


@pytest.fixture
async def admin(database_18: Database) -> AsyncIterator[asyncpg.Connection]:
    async with connected(database_18.admin_url) as connection:
        yield connection


@pytest.fixture
def operator(database_18: Database) -> OperatorHere:
    return OperatorHere(database_18.ops_url)


async def ask(operator: OperatorHere, *arguments: str) -> dict[str, Any]:
    """The command has an event loop of its own, so it runs in a thread."""
    return await asyncio.to_thread(operator.ask, *arguments)


async def checks(operator: OperatorHere) -> dict[str, tuple[bool, str]]:
    done = await asyncio.to_thread(operator.run, "doctor", "--json")
    found = msgspec.json.decode(done.stdout)["checks"]
    return {each["check"]: (each["ok"], each["detail"]) for each in found}


async def parked_mirror(stack: Stack, admin: asyncpg.Connection) -> tuple[TenantId, UUID, str]:
    """Broken, tried as often as is allowed; its right payload."""
    tenant_id = await stack.tenant()
    await stack.customer(tenant_id, usdt=1)
    (due,) = await stack.due.due_intents(IntentKind.MIRROR, limit=10)
    payload = await admin.fetchval(
        "SELECT payload::text FROM aksum.intents WHERE subject = $1", due.subject
    )
    await admin.execute(BROKEN_MIRROR, due.subject)
    for _ in range(WORK[IntentKind.MIRROR].retry.failures_max or 0):
        await stack.make_due(due.subject, tenant_id)
        await stack.mirror_all()
    return tenant_id, due.subject, payload


async def test_parked_work_is_seen_mended_retried_and_gone(
    stack: Stack, admin: asyncpg.Connection, operator: OperatorHere
) -> None:
    tenant_id, subject, payload = await parked_mirror(stack, admin)
    name = f"mirror/{encode_id(IdPrefix.TRANSACTION, subject)}"

    ok, detail = (await checks(operator))["parked jobs"]
    assert (ok, detail.startswith("mirror: 1")) == (False, True)
    (listed,) = (await ask(operator, "jobs", "list", "--state", "parked"))["data"]
    assert (listed["work"], listed["attempts"]) == (name, 20)
    assert listed["tenant_id"] == encode_id(IdPrefix.TENANT, tenant_id)
    shown = await ask(operator, "jobs", "show", name)
    assert "ValidationError" in shown["last_error"]
    assert shown["payload"] == {"fact": 1}
    assert (await stack.verified()).open_mirrors == 1

    await admin.execute(MENDED, subject, payload)
    made_due = await ask(operator, "jobs", "retry", name)
    assert (made_due["state"], made_due["attempts"]) == ("due", 0)
    assert await stack.mirror_all() == 1

    assert (await stack.verified()).open_mirrors == 0
    assert (await checks(operator))["parked jobs"] == (True, "none")
    assert (await ask(operator, "jobs", "list"))["data"] == []


async def test_all_parked_of_a_kind_are_retried_in_one_call(
    stack: Stack, admin: asyncpg.Connection, operator: OperatorHere
) -> None:
    _, subject, payload = await parked_mirror(stack, admin)
    tenant_id = await stack.tenant("Second")
    await stack.customer(tenant_id, usdt=1)
    (other,) = await stack.due.due_intents(IntentKind.MIRROR, limit=10)
    other_name = f"mirror/{encode_id(IdPrefix.TRANSACTION, other.subject)}"
    parked = await ask(operator, "jobs", "park", other_name, "--reason", "to look at")
    assert (parked["state"], parked["last_error"]) == ("parked", "set aside: to look at")
    await admin.execute(MENDED, subject, payload)

    retried = await ask(operator, "jobs", "retry", "--all-parked", "mirror")
    assert retried == {"kind": "mirror", "made_due": 2, "more": False}
    assert await stack.mirror_all() == 2
    assert (await stack.verified()).passed


async def test_open_order_that_fails_is_shown_and_can_be_set_aside_without_losing_it(
    stack: Stack, admin: asyncpg.Connection, operator: OperatorHere
) -> None:
    tenant_id = await stack.tenant()
    order_id = await pending_order(stack, tenant_id)
    name = f"settle_execution/{encode_id(IdPrefix.ORDER, order_id)}"
    await admin.execute(
        "UPDATE aksum.intents SET attempts = $2, lease_until = NULL WHERE subject = $1",
        order_id,
        FAILING_FROM,
    )
    assert not (await checks(operator))["jobs that fail"][0]
    await ask(operator, "jobs", "park", name, "--reason", "asking the provider")
    async with stack.uow.begin(tenant_id) as tx:
        assert (await tx.orders.get(order_id)).status == "pending"
    await ask(operator, "jobs", "retry", name)
    assert await stack.resolve_all() == [True]


async def test_backlog_is_seen_and_sinks_when_it_is_worked_off(
    stack: Stack, admin: asyncpg.Connection, operator: OperatorHere
) -> None:
    tenant_id = await stack.tenant()
    for _ in range(3):
        await stack.customer(tenant_id, usdt=1)
    assert (await checks(operator))["jobs"][0]
    await admin.execute(OLD)

    ok, detail = (await checks(operator))["jobs"]
    assert not ok
    assert "mirror: 3 due" in detail
    (backlog,) = (await ask(operator, "jobs", "status"))["backlogs"]
    assert (backlog["kind"], backlog["due"]) == ("mirror", 3)
    assert 600 <= backlog["lag_seconds"] < 700
    assert len((await ask(operator, "jobs", "list", "--state", "due"))["data"]) == 3
    gauges = (await asyncio.to_thread(operator.run, "jobs", "metrics")).stdout
    assert 'aksum_jobs_due{kind="mirror"} 3.0' in gauges
    assert 'aksum_jobs_parked{kind="settle_execution"} 0.0' in gauges
    assert f'aksum_jobs_due_lag_seconds{{kind="mirror"}} {backlog["lag_seconds"] // 100}' in gauges
    for name in ("webhook_deliveries_due", "webhook_deliveries_due_lag_seconds"):
        for lane in ("healthy", "troubled"):
            assert f'aksum_{name}{{lane="{lane}"}} 0.0' in gauges
    assert "aksum_webhook_endpoints_disabled 0.0" in gauges

    await stack.mirror_all()
    assert (await checks(operator))["jobs"][0]


def test_gauges_are_served_to_a_scraper_until_the_process_is_told_to_stop(
    database_18: Database,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", "jobs", "metrics", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "AKSUM_DATABASE_URL": database_18.ops_url},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            word, url = process.stdout.readline().split()
            assert (word, url[:17]) == ("serving", "http://127.0.0.1:")
            answer = httpx.get(url)
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            assert 'aksum_jobs_parked{kind="mirror"} 0.0' in answer.text
            assert httpx.get(url.replace("/metrics", "/")).status_code == 404
            assert httpx.post(url).status_code == 405
        finally:
            process.terminate()
        assert process.wait(SECONDS_MAX) == 0


async def test_late_and_failing_schedules_are_amiss_and_can_be_run_now(
    stack: Stack, admin: asyncpg.Connection, operator: OperatorHere
) -> None:
    assert (await checks(operator))["schedules"] == (True, "no worker has run yet")
    await admin.execute(
        "INSERT INTO aksum.schedules (job, next_run_at, failures, last_error) VALUES "
        "('reconcile', now() + interval '1 hour', 0, NULL),"
        "('fold_ledger', now() - interval '1 hour', 0, NULL),"
        "('seal_ledger', now() + interval '1 hour', 2, 'OSError: no key')"
    )
    ok, detail = (await checks(operator))["schedules"]
    assert (ok, detail) == (
        False,
        "fold_ledger: not run, seal_ledger: OSError: no key: see `aksum jobs status`",
    )
    await ask(operator, "jobs", "run", "reconcile")
    due = await admin.fetchval(
        "SELECT next_run_at <= clock_timestamp() FROM aksum.schedules WHERE job = 'reconcile'"
    )
    assert due


async def test_events_and_deliveries_that_stand_still_are_amiss(
    stack: Stack, admin: asyncpg.Connection, operator: OperatorHere
) -> None:
    await stack.tenant()
    found = await checks(operator)
    assert (found["events"][0], found["webhooks"][0]) == (True, True)
    tenant_id = await stack.tenant()
    await stack.customer(tenant_id, usdt=1)
    await admin.execute("UPDATE aksum.outbox SET recorded_at = now() - interval '10 minutes'")
    ok, detail = (await checks(operator))["events"]
    assert not ok
    assert "without a number, the oldest for 60" in detail
    await admin.execute(STALE_DELIVERY, tenant_id)
    ok, detail = (await checks(operator))["webhooks"]
    assert not ok
    assert detail.startswith("1 due to healthy endpoints, the oldest for 60")


async def test_what_does_not_exist_or_is_named_wrongly_is_refused(
    stack: Stack, operator: OperatorHere
) -> None:
    absent = f"mirror/{encode_id(IdPrefix.TRANSACTION, UUID(int=7))}"
    for arguments, said in (
        (("show", absent), "not_found"),
        (("retry", absent), "not_found"),
        (("park", absent, "--reason", "x"), "not_found"),
        (("retry",), "--all-parked"),
        (("show", "mirror"), "work is named"),
        (("show", f"nonsense/{absent}"), "work is named"),
        (("show", absent.replace("txn_", "ord_")), "txn"),
        (("run", "reconcile"), "none has ever run"),
    ):
        assert said in await asyncio.to_thread(operator.refused, "jobs", *arguments)
