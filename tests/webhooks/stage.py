"""Endpoints, events and deliveries in memory, and a receiver that answers as it is told."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.memory.clock import ManualClock
from adapters.memory.platform import MemoryPlatform
from adapters.memory.secret_box import MemorySecretBox
from adapters.memory.store import Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.memory.webhook_deliveries import MemoryDueWebhooks
from adapters.system.ids import SystemIds
from adapters.webhooks.keys import BoxedWebhookKeys
from adapters.webhooks.resolver import Vetting
from application.in_flight import InFlight
from application.ports.webhook_deliveries import Attempt
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.fan_out import FanOutEvents
from application.webhooks.manage_endpoints import (
    CreateEndpointCommand,
    ManageWebhookEndpoints,
    ShownEndpoint,
)
from application.webhooks.redeliver import Redeliver
from domain.shared.events import Payload, announce
from domain.shared.ids import CustomerId, EventId, TenantId
from domain.webhooks.answer import Answer, Answered, Verdict
from domain.webhooks.endpoint import Endpoint
from tests.contract.conftest import memory_ports_of
from tests.contract.world import World
from tests.webhooks.names import Names

URL = "https://hooks.partner.com/in"
FINE = Answered(status=204)


class Sent(msgspec.Struct, frozen=True):
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(msgspec.json.decode(self.body)["type"])


class Receiver:
    """`WebhookSender` without a network. `answers` are given in turn, then `FINE` for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.sent: list[Sent] = []

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append(Sent(url, headers, body))
        return self.answers.pop(0) if self.answers else FINE


class Told(Payload, frozen=True, kw_only=True):
    event_type = "order.filled.v1"
    note: str = ""


class Stage:
    """Time moves when it is told to, and begins now: verifiers compare with the machine's clock."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime.now(UTC))
        self.ids = SystemIds()
        self.store = Store(clock=self.clock, ids=self.ids)
        self.world = World(memory_ports_of(self.store))
        self.uow = MemoryUnitOfWork(self.store)
        self.due = MemoryDueWebhooks(self.store)
        self.receiver = Receiver()
        self.box = MemorySecretBox()
        keys = BoxedWebhookKeys(self.box)
        self.manage = ManageWebhookEndpoints(
            uow=self.uow,
            platform=MemoryPlatform(self.store),
            in_flight=InFlight(),
            clock=self.clock,
            ids=self.ids,
            keys=keys,
            targets=Vetting(Names(hooks_partner_com=("93.184.215.14",))),
        )
        self.fan_out = FanOutEvents(uow=self.uow, due=self.due)
        self.deliver = DeliverWebhooks(
            uow=self.uow,
            clock=self.clock,
            ids=self.ids,
            keys=keys,
            sender=self.receiver,
            jitter=lambda _: 0,
        )
        self.redeliver = Redeliver(uow=self.uow)

    async def endpoint(
        self,
        tenant_id: TenantId,
        *types: str,
        customer_id: CustomerId | None = None,
    ) -> ShownEndpoint:
        """A new one, whose ping has not been sent yet."""
        command = CreateEndpointCommand(
            tenant_id=tenant_id,
            request=self.world.request(),
            url=URL,
            event_types=types or ("*",),
            customer_id=customer_id,
        )
        return await self.manage.create(command)

    async def proven(self, tenant_id: TenantId, *types: str) -> ShownEndpoint:
        """One that has answered its ping."""
        shown = await self.endpoint(tenant_id, *types)
        await self.number(tenant_id)
        assert await self.run() == [Verdict.DELIVERED]
        self.receiver.sent.clear()
        return shown

    async def tell(
        self, tenant_id: TenantId, *customer_ids: CustomerId, payload: Payload | None = None
    ) -> EventId:
        """An event of the tenant, numbered."""
        event_id = EventId(self.ids.new())
        async with self.uow.begin(tenant_id) as tx:
            told = announce(
                payload or Told(),
                event_id=event_id,
                resource_id=self.ids.new(),
                resource_version=1,
                customer_ids=customer_ids,
                occurred_at=self.clock.now(),
            )
            await tx.outbox.add(told)
            await tx.commit()
        await self.number(tenant_id)
        return event_id

    async def number(self, tenant_id: TenantId) -> None:
        async with self.uow.begin(tenant_id) as tx:
            await tx.outbox.number(limit=500)
            await tx.commit()
        self.clock.advance(timedelta(milliseconds=1))

    async def run(self) -> list[Verdict | None]:
        """Sends all that is due now, one after the other."""
        await self.fan_out.execute()
        verdicts = []
        for troubled in (False, True):
            for each in await self.due.waiting(troubled=troubled, limit=100):
                while prepared := await self.deliver.claim(each, 4):
                    verdicts += [await self.deliver.attempt(one) for one in prepared]
        return verdicts

    async def read(self, tenant_id: TenantId, shown: ShownEndpoint) -> Endpoint:
        async with self.uow.begin(tenant_id) as tx:
            return await tx.webhook_endpoints.get(shown.endpoint.id)

    async def attempts(self, tenant_id: TenantId, shown: ShownEndpoint) -> tuple[Attempt, ...]:
        async with self.uow.begin(tenant_id) as tx:
            return await tx.webhook_deliveries.attempts(shown.endpoint.id, before=None, limit=100)
