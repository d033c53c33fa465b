"""Writers, relays and consumers of many tenants' events, killed while they work."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

import msgspec
from asyncpg import Connection
from msgspec.structs import replace

from adapters.system.ids import SystemIds
from application.crash_points import RELAY_BEFORE_COMMIT, RELAY_COMMITTED, RELAY_TENANT_FOUND
from application.customers.announcing import customer_announcement
from domain.shared.ids import CustomerId, EventId, TenantId
from tests.contract.conftest import make_postgres_ports
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected
from tests.soak.event_checks import WAITING, check_events
from tests.soak.event_relay import APPLICATION as RELAY
from tests.soak.event_world import (
    CONSUMER,
    EFFECTS,
    HOLDER,
    WRITER,
    Changes,
    Consumer,
    Pools,
    Writer,
)

WRITERS: Final = 3
CONSUMERS: Final = 2
RELAYS: Final = 2
CUSTOMERS_EACH: Final = 40
LOOK_SECONDS: Final = 0.05
WATCH_SECONDS_MAX: Final = 3_600
ROOT: Final = Path(__file__).parents[2]
POINTS: Final = (RELAY_TENANT_FOUND, RELAY_BEFORE_COMMIT, RELAY_COMMITTED)
END_ONE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1
ORDER BY state = 'idle', random() LIMIT 1
"""
# While somebody holds a transaction open, the others' events are told as ever.
LAG: Final = """
SELECT count(*) AS events,
  coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY lag), 0) * 1000 AS p50,
  coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY lag), 0) * 1000 AS p99,
  coalesce(max(lag), 0) * 1000 AS longest
FROM (SELECT extract(epoch FROM numbered_at - recorded_at)::float8 AS lag FROM aksum.events
      WHERE id <> $1 AND recorded_at BETWEEN $2 AND $3) told
"""
EFFECTS_TWICE: Final = """
SELECT count(*) - count(DISTINCT (tenant_id, message)) FROM public.soak_effects
"""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """`held_seconds` at least, and until a third of the events is written, somebody commits not."""

    events: int
    tenants: int
    relay_kills: int
    backend_kills: int
    held_seconds: float
    seed: int = 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    events: int
    tenants: int
    transactions_failed: int
    transactions_left: int
    relays_killed: int
    relays_killed_at: Mapping[str, int]
    backends_killed: int
    read_again: int
    held_seconds: int
    told_while_held: int
    lag_ms_p50: int
    lag_ms_p99: int
    lag_ms_max: int
    numbers_with_a_gap: int
    versions_out_of_order: int
    effects_lost_or_doubled: int
    seconds: int

    def table(self) -> str:
        rows = [(name, str(value)) for name, value in msgspec.structs.asdict(self).items()]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name.replace('_', ' '):{width}}  {value}" for name, value in rows)


class Relays:
    """Two processes; one that was killed is started again."""

    def __init__(self, database: Database, armory: Path) -> None:
        armory.mkdir()
        self._arguments = [database.worker_url, str(armory)]
        self._armory = armory
        self._point = POINTS[0]
        self._running: list[subprocess.Popen[bytes]] = []
        self.killed: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._running = [self._start() for _ in range(RELAYS)]
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._running:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.soak.event_relay", *self._arguments], cwd=ROOT
        )

    def arm(self, point: str) -> None:
        """Whoever gets there next dies there."""
        self._point = point
        (self._armory / point).write_text("kill")
        self.killed[point] += 1

    def disarm(self) -> None:
        if self.armed:
            self.killed[self._point] -= 1
            (self._armory / self._point).unlink()

    def kill_one(self, chosen: random.Random) -> None:
        chosen.choice(self._running).kill()
        self.killed["anywhere"] += 1

    def revive(self) -> None:
        for place, process in enumerate(self._running):
            code = process.poll()
            if code is not None:
                assert code == -signal.SIGKILL, f"a relay ended by itself, with {code}"
                self._running[place] = self._start()

    @property
    def armed(self) -> bool:
        return (self._armory / self._point).exists()


class Held(msgspec.Struct, frozen=True):
    event_id: EventId
    since: float
    began: object
    ended: object


async def prepare(database: Database, size: Size) -> Changes:
    ids = SystemIds()
    customers: dict[TenantId, list[CustomerId]] = {}
    async with make_postgres_ports(database) as ports:
        world = World(ports)
        await world.prepare()
        for _ in range(size.tenants):
            tenant_id = await world.tenant()
            made = [world.new_customer() for _ in range(CUSTOMERS_EACH)]
            async with ports.uow.begin(tenant_id) as tx:
                for each in made:
                    await tx.customers.add(each)
                told = (customer_announcement(EventId(ids.new()), each) for each in made)
                await tx.outbox.add(*told)
                await tx.commit()
            customers[tenant_id] = [each.id for each in made]
    async with connected(database.admin_url) as admin:
        await admin.execute(EFFECTS)
    return Changes(customers, events=size.events)


async def hold(pools: Pools, changes: Changes, size: Size, admin: Connection) -> Held:
    """Announces something and commits long afterwards."""
    tenant_id = min(changes.customers)
    world_ids = SystemIds()
    event_id = EventId(world_ids.new())
    since = time.monotonic()
    async with pools.uow.begin(tenant_id) as tx:
        customer_id = changes.customers[tenant_id].pop()  # nobody else waits for its row
        customer = await tx.customers.get(customer_id)
        changed = replace(customer, version=customer.version + 1)
        await tx.customers.update(changed)
        await tx.outbox.add(customer_announcement(event_id, changed))
        began = await admin.fetchval("SELECT clock_timestamp()")
        third = changes.wanted // 3
        while time.monotonic() - since < size.held_seconds or changes.written < third:
            await tx.customers.get(customer_id)  # or the server would end an idle transaction
            await asyncio.sleep(LOOK_SECONDS)
        assert not changes.finished, "nobody wrote while it was held"
        ended = await admin.fetchval("SELECT clock_timestamp()")
        await tx.commit()
    return Held(event_id, time.monotonic() - since, began, ended)


async def disturb(relays: Relays, changes: Changes, admin: Connection, size: Size) -> int:
    """Kills at even distances of the way; how many backends."""
    chosen = random.Random(size.seed)
    kills = ["relay"] * size.relay_kills + ["backend"] * size.backend_kills
    chosen.shuffle(kills)
    every, backends, relay_kills = changes.wanted / (len(kills) + 1), 0, 0
    done = 0
    while not changes.finished:
        relays.revive()
        if kills and changes.written > every * (done + 1) and not relays.armed:
            done += 1
            if kills.pop() == "backend":
                victim = chosen.choice((WRITER, CONSUMER, RELAY))
                backends += bool(await admin.fetchval(END_ONE, victim))
            elif relay_kills % (len(POINTS) + 1) == len(POINTS):
                relay_kills += 1
                relays.kill_one(chosen)
            else:
                relays.arm(POINTS[relay_kills % (len(POINTS) + 1)])
                relay_kills += 1
        await asyncio.sleep(LOOK_SECONDS)
    relays.disarm()
    return backends


async def caught_up(relays: Relays, admin: Connection, consumers: list[Consumer]) -> None:
    """Everything numbered, and everything read by each consumer."""
    for each in consumers:
        each.forgetful = False
    while await admin.fetchval(WAITING):
        relays.revive()
        await asyncio.sleep(LOOK_SECONDS)
    heads = {
        row["tenant_id"]: row["last_seq"]
        for row in await admin.fetch("SELECT tenant_id, last_seq FROM aksum.event_heads")
    }
    places = [(each, tenant) for each in consumers for tenant in heads]
    while any(each.after[tenant] < heads[tenant] for each, tenant in places):  # noqa: ASYNC110 - other tasks read
        await asyncio.sleep(LOOK_SECONDS)


async def soak(database: Database, folder: Path, size: Size) -> Report:
    """Raises `AssertionError` when anything is not as it must be."""
    changes = await prepare(database, size)
    started = time.monotonic()
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(asyncio.timeout(WATCH_SECONDS_MAX))
        admin = await opened.enter_async_context(connected(database.admin_url))
        pools = await opened.enter_async_context(Pools(database))
        holder = await opened.enter_async_context(Pools(database, writer=HOLDER))
        relays = opened.enter_context(Relays(database, folder / "crash-points"))
        writers = [
            asyncio.create_task(Writer(pools.uow, changes, seed=size.seed + number).run())
            for number in range(WRITERS)
        ]
        consumers = [
            Consumer(pools.consuming, sorted(changes.customers), seed=number)
            for number in range(CONSUMERS)
        ]
        reading = [asyncio.create_task(each.run()) for each in consumers]
        async with connected(database.admin_url) as other:
            holding = asyncio.create_task(hold(holder, changes, size, other))
            backends = await disturb(relays, changes, admin, size)
            held = await holding
        await asyncio.gather(*writers)
        await caught_up(relays, admin, consumers)
        for each in reading:
            assert not each.done(), each.exception()
            each.cancel()
        events = await check_events(admin)
        effects = await admin.fetchval("SELECT count(*) FROM public.soak_effects")
        doubled = await admin.fetchval(EFFECTS_TWICE)
        assert (effects, doubled) == (events, 0)
        lag = await admin.fetchrow(LAG, held.event_id, held.began, held.ended)
        assert lag["events"] > 0
    return Report(
        events=events,
        tenants=size.tenants,
        transactions_failed=changes.failed,
        transactions_left=changes.left,
        relays_killed=relays.killed.total(),
        relays_killed_at=dict(relays.killed),
        backends_killed=backends,
        read_again=sum(each.repeated for each in consumers),
        held_seconds=int(held.since),
        told_while_held=lag["events"],
        lag_ms_p50=int(lag["p50"]),
        lag_ms_p99=int(lag["p99"]),
        lag_ms_max=int(lag["longest"]),
        numbers_with_a_gap=0,
        versions_out_of_order=0,
        effects_lost_or_doubled=0,
        seconds=int(time.monotonic() - started),
    )
