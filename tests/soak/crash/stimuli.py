"""What the load does not bring about by itself, and some points need to be met."""

import asyncio
import json
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import aiohttp
import asyncpg

from adapters.postgres.urls import with_database
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application import crash_points
from application.ledger.fold_ledger import FOLD_MIN
from application.ports.intents import IntentKind
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.commands import PlaceHold
from domain.ledger.hold import new_hold
from domain.shared.ids import (
    AccountId,
    HoldId,
    IdPrefix,
    TenantId,
    TransactionId,
    decode_id,
    encode_id,
)
from domain.shared.money import AssetCode
from tests.integration.sandbox_process import ROOT
from tests.soak.crash.requests import Asked, ask
from tests.soak.crash.stage import Stage, without_database

EVERY_SECONDS: Final = 2
FOLDED_WITHIN_SECONDS: Final = 8
ENDPOINTS: Final = "/v1/webhook-endpoints"
EXPIRES_IN: Final = timedelta(seconds=2)
OPEN_ACCOUNT: Final = """
SELECT tenant_id, id, asset FROM aksum.ledger_accounts
WHERE code = 'customer' AND asset = 'USDT' ORDER BY random() LIMIT 1
"""
# The newest that nobody has reversed and that any payee can give back.
REVERSIBLE: Final = """
SELECT t.id FROM aksum.ledger_transactions t
WHERE t.template = 'transfer' AND NOT EXISTS (
  SELECT FROM aksum.ledger_transactions r WHERE r.tenant_id = t.tenant_id AND r.reverses = t.id)
ORDER BY t.booked_at DESC LIMIT 1
"""
NEXT_DAY: Final = """
SELECT coalesce(max(closed_through), '2020-01-01') + 1 FROM aksum.ledger_periods
WHERE tenant_id = $1
"""
POISON: Final = b'{"poison": true}'
POISONED: Final = "SELECT count(*) FROM aksum.intents WHERE payload = $1::jsonb"

Stimulus = Callable[[Stage], Awaitable[None]]


async def place_hold(stage: Stage) -> None:
    """One that has an end, and nobody captures."""
    row = await stage.admin.fetchrow(OPEN_ACCOUNT)
    uow: UnitOfWork = await stage.inside.get(UnitOfWork)
    ids, now = SystemIds(), SystemClock().now()
    hold = new_hold(
        HoldId(ids.new()),
        AccountId(row["id"]),
        AssetCode(row["asset"]),
        1,
        reference="soak",
        created_at=now,
        expires_at=now + EXPIRES_IN,
    )
    async with uow.begin(TenantId(row["tenant_id"])) as tx:
        await tx.journal.post((PlaceHold(hold),))
        await tx.commit()


async def poison(stage: Stage) -> None:
    """Work that fails each time, until the machine gives it to a person. One is enough."""
    if await stage.admin.fetchval(POISONED, POISON.decode()):
        return
    row = await stage.admin.fetchrow(OPEN_ACCOUNT)
    uow: UnitOfWork = await stage.inside.get(UnitOfWork)
    async with uow.begin(TenantId(row["tenant_id"])) as tx:
        await tx.intents.add(IntentKind.MIRROR, uuid4(), payload=POISON)
        await tx.commit()


async def remove_poison(stage: Stage) -> None:
    await stage.admin.execute(
        "DELETE FROM aksum.intents WHERE payload = $1::jsonb", POISON.decode()
    )


async def transfer_much(stage: Stage) -> None:
    """As many as a fold wants at least, at once."""
    payer, payee = stage.sandbox.describe().tenants[0].customers[:2]
    name = secrets.token_hex(6)
    items = [
        {
            "idempotency_key": f"soak-much-{name}-{number}",
            "from_customer_id": payer,
            "to_customer_id": payee,
            "asset": "NGN",
            "amount": "0.01",
        }
        for number in range(FOLD_MIN)
    ]
    asked = Asked(
        key=f"soak-much-{name}", caller=0, path="/v1/transfers/batch", body={"transfers": items}
    )
    await ask(stage.sandbox, stage.notebook, asked)
    await asyncio.sleep(FOLDED_WITHIN_SECONDS)


async def make_partitions_due(stage: Stage) -> None:
    """What time makes due once a day."""
    await stage.admin.execute(
        "UPDATE aksum.schedules SET next_run_at = now() WHERE job = 'make_partitions'"
    )


async def register_gone(stage: Stage) -> None:
    """An endpoint that is disabled by its answer to the ping; those of before are removed."""
    with suppress(aiohttp.ClientError, TimeoutError):
        listed = await stage.sandbox.call("GET", ENDPOINTS)
        for each in listed.body.get("data", ()):
            if each["status"] == "disabled":
                await stage.sandbox.call("DELETE", f"{ENDPOINTS}/{each['id']}")
    name = secrets.token_hex(6)
    body = {"url": stage.receiver.url(f"/gone/{name}"), "event_types": ["order.*"]}
    asked = Asked(key=f"soak-gone-{name}", caller=0, path=ENDPOINTS, body=body)
    await ask(stage.sandbox, stage.notebook, asked)


async def reverse(stage: Stage) -> None:
    """A command that is killed is given again, with its key."""
    found = await stage.admin.fetchval(REVERSIBLE)
    if found is None:
        return
    environment = _operators_environment(stage)
    arguments = (
        *("ledger", "reverse", encode_id(IdPrefix.TRANSACTION, TransactionId(UUID(str(found))))),
        *("--reason", "soak", "--idempotency-key", secrets.token_hex(8), "--json"),
    )
    code, _ = await _command(stage, *arguments, environment=environment)
    if code == -signal.SIGKILL:
        await _until_done(stage, *arguments, environment=environment)


async def close_period(stage: Stage) -> None:
    """A day more each time, long before anything happened."""
    tenant = stage.sandbox.describe().tenants[0].id
    day = await stage.admin.fetchval(NEXT_DAY, decode_id(IdPrefix.TENANT, tenant))
    environment = _operators_environment(stage)
    arguments = ("ledger", "close-period", "--tenant", tenant, "--day", str(day), "--json")
    code, _ = await _command(stage, *arguments, environment=environment)
    if code == -signal.SIGKILL:
        await _until_done(stage, *arguments, environment=environment)


def _operators_environment(stage: Stage) -> Mapping[str, str]:
    described = stage.sandbox.describe()
    return {
        "AKSUM_DATABASE_URL": described.database_url,
        "AKSUM_OPERATOR_KEY": described.operator_keys[0],
    }


async def migrate(stage: Stage) -> None:
    """A database of its own is made, killed on the way, and made again."""
    name = f"soak_{secrets.token_hex(4)}"
    environment = {"AKSUM_DATABASE_URL": with_database(stage.admin_url, name)}
    try:
        code, _ = await _command(stage, "migrate", "--json", environment=environment)
        if code == -signal.SIGKILL:
            output = await _until_done(stage, "migrate", "--json", environment=environment)
            assert json.loads(output)["status"] == "up to date", output
    finally:
        with suppress(asyncpg.PostgresError):
            await stage.admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _until_done(stage: Stage, *arguments: str, environment: Mapping[str, str]) -> str:
    """Another point may be armed on its way."""
    while True:
        code, output = await _command(stage, *arguments, environment=environment)
        if code == 0:
            return output
        assert code == -signal.SIGKILL, f"{arguments} ended with {code}: {output}"


async def _command(
    stage: Stage, *arguments: str, environment: Mapping[str, str]
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "entrypoints.cli", *arguments),
        cwd=ROOT,
        env={**without_database(), **environment, **stage.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


STIMULI: Final[Mapping[str, Stimulus]] = {
    crash_points.HOLDS_BEFORE_COMMIT: place_hold,
    crash_points.HOLDS_EXPIRED: place_hold,
    crash_points.PUT_OFF_BEFORE_COMMIT: poison,
    crash_points.PUT_OFF_COMMITTED: poison,
    crash_points.FOLD_BEFORE_COMMIT: transfer_much,
    crash_points.FOLD_COMMITTED: transfer_much,
    crash_points.PARTITIONS_BEFORE: make_partitions_due,
    crash_points.PARTITIONS_MADE: make_partitions_due,
    crash_points.ENDPOINT_KEYS_MADE: register_gone,
    crash_points.ENDPOINT_BEFORE_COMMIT: register_gone,
    crash_points.ENDPOINT_COMMITTED: register_gone,
    crash_points.WEBHOOK_DISABLING: register_gone,
    crash_points.REVERSE_BEFORE_COMMIT: reverse,
    crash_points.REVERSE_COMMITTED: reverse,
    crash_points.PERIOD_BEFORE_COMMIT: close_period,
    crash_points.PERIOD_CLOSED: close_period,
    crash_points.MIGRATE_LOCKED: migrate,
    crash_points.MIGRATE_REVISION: migrate,
    crash_points.MIGRATE_UPGRADED: migrate,
}


async def stimulate(
    stage: Stage, armed: Callable[[], Collection[str]], stopping: asyncio.Event
) -> None:
    """Brings about, again and again, what those points need that are armed just now.

    What was begun is ended: a request that nobody waits for any more would look like one lost.
    """
    while not stopping.is_set():
        wanted = {STIMULI[point] for point in armed() if point in STIMULI}
        await asyncio.gather(*(stimulus(stage) for stimulus in wanted))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), EVERY_SECONDS)
