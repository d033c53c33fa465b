"""Webhooks on PostgreSQL and over real HTTP: fair under load, at least once under kills."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from adapters.jobs.schema import make_queue_tables
from adapters.memory.secret_box import MemorySecretBox
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from adapters.system.secret_box import FileSecretBox
from adapters.webhooks.client import WebhookClient
from adapters.webhooks.keys import BoxedWebhookKeys
from adapters.webhooks.resolver import SystemResolver, Vetting
from application import crash_points
from application.in_flight import InFlight
from application.ports.events import NUMBER_MAX
from application.ports.webhooks import SecretBox
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.fan_out import FanOutEvents
from application.webhooks.manage_endpoints import (
    CreateEndpointCommand,
    ManageWebhookEndpoints,
    ShownEndpoint,
)
from domain.shared.events import announce
from domain.shared.ids import EventId, TenantId
from domain.webhooks.address import LOOPBACK
from domain.webhooks.endpoint import PING
from entrypoints.wiring.providers.webhooks import SECRET_KEYS_FILE
from entrypoints.worker.webhooks import WebhookDispatcher
from tests.architecture.sources import ROOT
from tests.contract.conftest import make_postgres_ports
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected
from tests.integration.webhook_receiver import Receiver, receiving
from tests.webhooks.stage import Told

TYPE: Final = Told.event_type
DEAD: Final = 12
SECONDS_MAX: Final = 60
FIRST_ATTEMPT_SECONDS_MAX: Final = 5
TOTAL_MS: Final = 3_000
STOP_SECONDS_MAX: Final = 10


class Hooks:
    """Tenants with endpoints at a receiver, and dispatchers that send to them."""

    def __init__(self, world: World, receiver: Receiver, box: SecretBox) -> None:
        self.world = world
        self.receiver = receiver
        self._keys = BoxedWebhookKeys(box)
        self._vetting = Vetting(SystemResolver(), allowed=LOOPBACK)
        self._clock, self._ids = SystemClock(), SystemIds()
        self._manage = ManageWebhookEndpoints(
            uow=world.ports.uow,
            platform=world.ports.platform,
            in_flight=InFlight(),
            clock=self._clock,
            ids=self._ids,
            keys=self._keys,
            targets=self._vetting,
        )

    async def endpoint(self, tenant_id: TenantId, path: str) -> ShownEndpoint:
        command = CreateEndpointCommand(
            tenant_id=tenant_id,
            request=self.world.request(),
            url=self.receiver.url(path),
            event_types=(TYPE,),
        )
        return await self._manage.create(command)

    async def tell(self, tenant_id: TenantId, count: int = 1) -> None:
        async with self.world.ports.uow.begin(tenant_id) as tx:
            for _ in range(count):
                told = announce(
                    Told(),
                    event_id=EventId(self._ids.new()),
                    resource_id=self._ids.new(),
                    resource_version=1,
                    customer_ids=(),
                    occurred_at=self._clock.now(),
                )
                await tx.outbox.add(told)
            await tx.commit()
        await self.number(tenant_id)

    async def number(self, tenant_id: TenantId) -> None:
        async with self.world.ports.worker_uow.begin(tenant_id) as tx:
            await tx.outbox.number(limit=NUMBER_MAX)
            await tx.commit()

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        """As one worker process does it."""
        uow = self.world.ports.uow
        client = WebhookClient(self._vetting, total_ms=TOTAL_MS)
        stopping = asyncio.Event()
        dispatcher = WebhookDispatcher(
            due=self.world.ports.due_webhooks,
            fan_out=FanOutEvents(uow=uow, due=self.world.ports.due_webhooks),
            deliver=DeliverWebhooks(
                uow=uow,
                clock=self._clock,
                ids=self._ids,
                keys=self._keys,
                sender=client,
                jitter=lambda _: 0,
            ),
            stopping=stopping,
        )
        running = asyncio.create_task(dispatcher.run())
        try:
            yield
        finally:
            stopping.set()
            await running
            await client.close()


@asynccontextmanager
async def hooks_on(database: Database, box: SecretBox) -> AsyncIterator[Hooks]:
    async with make_postgres_ports(database) as ports, receiving() as receiver:
        world = World(ports)
        await world.prepare()
        yield Hooks(world, receiver, box)


@pytest.fixture
async def hooks(database_18: Database) -> AsyncIterator[Hooks]:
    async with hooks_on(database_18, MemorySecretBox()) as made:
        yield made


async def test_dead_endpoints_with_a_backlog_keep_nobody_else_waiting(hooks: Hooks) -> None:
    mine, theirs = await hooks.world.tenant(), await hooks.world.tenant()
    for number in range(DEAD):
        await hooks.endpoint(theirs, f"/hangs/{number}")
    await hooks.endpoint(theirs, "/fails/1")
    await hooks.endpoint(mine, "/fine/1")
    await hooks.tell(theirs, 40)
    await hooks.number(mine)
    async with hooks.dispatching():
        await hooks.receiver.until(1, "/fine/1", seconds=SECONDS_MAX, event_type=PING)
        late = 0.0
        for count in range(1, 21):
            began = asyncio.get_running_loop().time()
            await hooks.tell(mine)
            await hooks.receiver.until(count, "/fine/1", seconds=SECONDS_MAX, event_type=TYPE)
            late = max(late, asyncio.get_running_loop().time() - began)
    assert late < FIRST_ATTEMPT_SECONDS_MAX
    # The dead had their turns meanwhile, one at a time each.
    tried = Counter(each.path for each in hooks.receiver.arrived)
    assert sum(tried[f"/hangs/{number}"] > 0 for number in range(DEAD)) == DEAD


async def test_two_dispatchers_send_everything_once_and_nothing_at_the_same_time(
    hooks: Hooks,
) -> None:
    tenants = [await hooks.world.tenant() for _ in range(3)]
    for number, tenant_id in enumerate(tenants):
        await hooks.endpoint(tenant_id, f"/fine/{number}")
    async with hooks.dispatching(), hooks.dispatching():
        for tenant_id in tenants * 2:
            await hooks.tell(tenant_id, 20)
        for number in range(3):
            await hooks.receiver.until(40, f"/fine/{number}", seconds=SECONDS_MAX, event_type=TYPE)
    arrived = Counter((each.path, each.id) for each in hooks.receiver.arrived)
    assert len(arrived) == 3 * (40 + 1)
    assert set(arrived.values()) == {1}
    assert set(hooks.receiver.most_at_once.values()) == {1}


async def test_events_told_while_nobody_sends_are_all_sent_later(hooks: Hooks) -> None:
    tenant_id = await hooks.world.tenant()
    shown = await hooks.endpoint(tenant_id, "/fine/1")
    await hooks.tell(tenant_id, 700)
    await hooks.number(tenant_id)
    async with hooks.dispatching():
        await hooks.receiver.until(100, "/fine/1", seconds=SECONDS_MAX, event_type=TYPE)
    async with hooks.world.ports.uow.begin(tenant_id) as tx:
        assert await tx.webhook_endpoints.place(shown.endpoint.id) == 701
        waiting = (await tx.webhook_deliveries.backlog(shown.endpoint.id)).waiting
    assert waiting == 701 - len(hooks.receiver.arrived)


def start_worker(
    database: Database, folder: Path, crash_point: str | None
) -> subprocess.Popen[bytes]:
    settings = {
        "AKSUM_WORKER_DATABASE_URL": database.worker_url,
        "AKSUM_SANDBOX": "true",
        "AKSUM_DATA_DIR": str(folder),
        "AKSUM_CRASH_POINT": crash_point or "",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", "worker"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("point", "sent_before"),
    [
        (crash_points.WEBHOOK_SENT, 1),
        (crash_points.WEBHOOK_RECORDED, 1),
    ],
)
async def test_killed_worker_loses_nothing_and_the_next_sends_with_the_same_id(
    database_18: Database, tmp_path: Path, point: str, sent_before: int
) -> None:
    box = FileSecretBox(tmp_path / SECRET_KEYS_FILE, make_missing=True)
    await make_queue_tables(database_18.admin_url)
    async with hooks_on(database_18, box) as hooks:
        tenant_id = await hooks.world.tenant()
        shown = await hooks.endpoint(tenant_id, "/fine/1")
        await hooks.number(tenant_id)
        killed = start_worker(database_18, tmp_path, point)
        assert await asyncio.to_thread(killed.wait, SECONDS_MAX) == -signal.SIGKILL
        assert len(hooks.receiver.arrived) == sent_before
        async with connected(database_18.admin_url) as admin:
            await admin.execute(
                "UPDATE aksum.webhook_deliveries SET lease_until = now() "
                "WHERE lease_until IS NOT NULL"
            )
        recorded = point == crash_points.WEBHOOK_RECORDED
        await hooks.tell(tenant_id)
        again = start_worker(database_18, tmp_path, None)
        try:
            await hooks.receiver.until(1, "/fine/1", seconds=SECONDS_MAX, event_type=TYPE)
            pings = sent_before + (0 if recorded else 1)
            await hooks.receiver.until(pings, "/fine/1", seconds=SECONDS_MAX, event_type=PING)
        finally:
            again.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(again.wait, STOP_SECONDS_MAX) == 0
        pinged = hooks.receiver.of("/fine/1", PING)
        assert len(pinged) == pings
        assert len({each.id for each in pinged}) == 1
        async with hooks.world.ports.uow.begin(tenant_id) as tx:
            attempts = await tx.webhook_deliveries.attempts(shown.endpoint.id, before=None, limit=9)
        outcomes = [each.outcome for each in reversed(attempts) if each.event_type == PING]
        assert outcomes == (["delivered"] if recorded else [None, "delivered"])
