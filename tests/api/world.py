"""The application over memory: two tenants, their customers, an operator, and one LP."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
from dishka import AsyncContainer, Provider, Scope, make_async_container
from typing_extensions import override

from adapters.memory.access_directory import MemoryAccessDirectory
from adapters.memory.clock import ManualClock
from adapters.memory.due_work import MemoryDueWork
from adapters.memory.liquidity import MemoryLiquidityProvider
from adapters.memory.lp_desk import MemoryLpDesk
from adapters.memory.platform import MemoryPlatform
from adapters.memory.price_reference import MemoryReferences
from adapters.memory.secret_box import MemorySecretBox
from adapters.memory.standings import MemoryStandings
from adapters.memory.store import Store
from adapters.memory.tables import Table
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.system.ids import SystemIds
from adapters.system.secrets import SystemSecrets
from adapters.webhooks.keys import BoxedWebhookKeys
from adapters.webhooks.resolver import Vetting
from application.background import Background
from application.events.feed_watch import FeedWatch
from application.events.relay_events import RelayEvents
from application.in_flight import InFlight
from application.liquidity.price_guard import PriceGuard
from application.ports.catalog import ListedLp, LpRole, Platform
from application.ports.clock import Clock, IdGenerator, SecretGenerator
from application.ports.inspection import DatabaseInspection, DatabaseReport
from application.ports.liquidity import LiquidityProvider
from application.ports.lp_desk import LpDesk
from application.ports.parties import AccessDirectory
from application.ports.standing import Standings
from application.ports.unit_of_work import UnitOfWork
from application.ports.webhooks import WebhookKeys, WebhookTargets
from application.tenants.api_keys import ManageApiKeys
from application.tenants.authenticate import CACHE_AGE
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from application.tenants.key_text import Environment
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from domain.shared.ids import TenantId
from domain.shared.price import Price
from domain.tenants.permissions import Scope as KeyScope
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy
from entrypoints.wiring.providers.use_cases import (
    PartnerUseCases,
    PlatformUseCases,
    ReconciliationUseCases,
    SettlementUseCases,
)
from entrypoints.wiring.providers.webhooks import WebhookUseCases
from entrypoints.wiring.settings import Settings
from tests.unit.domain.builders import BTC, NGN, USDT, instrument_of
from tests.webhooks.names import Names

Json = dict[str, Any]

BASE_URL: Final = "http://aksum.test"
LP: Final = LpName("lp_a")
NOBODY: Final = "cus_" + "0" * 26  # the id of no customer
PRICING: Final = PricingPolicy(platform_spread_ppm=2_000, tenant_spread_ppm=5_000, fee_ppm=1_000)
PARTNER_SCOPES: Final = frozenset(KeyScope) - {KeyScope.OPERATOR}
BTC_USDT: Final = msgspec.structs.replace(
    instrument_of(),
    lot_units=100,
    min_base_units=10_000,
    max_base_units=10 * 10**8,
    max_quote_units=10**6 * 10**8,
)
USDT_NGN: Final = instrument_of(USDT, NGN, min_units=100, max_units=10**12)


class Health:
    """Of a database that can be switched off."""

    def __init__(self) -> None:
        self.ready = True

    async def is_ready(self) -> bool:
        return self.ready

    async def report(self) -> DatabaseReport:
        return DatabaseReport(
            server="memory",
            login="test",
            revision=None,
            head=None,
            unguarded=(),
            booked_ahead=(),
            partitions_to={},
            now=ManualClock().now(),
        )


class BreakableIds(SystemIds):
    """Raises `failure`, if there is one, once `good` more ids were given."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.good = 0

    @override
    def new(self) -> UUID:
        if self.failure is not None:
            if self.good == 0:
                raise self.failure
            self.good -= 1
        return super().new()


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant with a key of every scope and two customers, the first of them with money."""

    tenant_id: TenantId
    key: str
    customer_id: str
    other_customer_id: str


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Store(clock=self.clock, ids=SystemIds())
        self.health = Health()
        self.ids = BreakableIds()
        self.background = Background()
        self.prices = {"BTC-USDT": Price(Decimal(60_000))}
        self.lp = MemoryLiquidityProvider(LP, clock=self.clock, prices=self.prices)
        self.references = MemoryReferences(self.lp.prices, clock=self.clock)
        self.providers: dict[LpName, LiquidityProvider] = {LP: self.lp}
        self.names = Names(hooks_partner_com=("93.184.215.14",))
        self.pauses = 0
        self.between_looks: Callable[[], Awaitable[object]] = self.relayed
        self.container = self._container()

    def _container(self) -> AsyncContainer:
        ports = Provider(scope=Scope.APP)
        uow, platform = MemoryUnitOfWork(self.store), MemoryPlatform(self.store)
        instances: dict[Any, object] = {
            Settings: Settings(),
            Clock: self.clock,
            IdGenerator: self.ids,
            SecretGenerator: SystemSecrets(),
            Environment: Environment.TEST,
            Background: self.background,
            InFlight: InFlight(),
            UnitOfWork: uow,
            Platform: platform,
            PriceGuard: PriceGuard(
                references=self.references, platform=platform, vendors={}, clock=self.clock
            ),
            Standings: MemoryStandings(self.store),
            Listings: Listings({}),
            LpDesk: MemoryLpDesk(self.store),
            AccessDirectory: MemoryAccessDirectory(self.store),
            DatabaseInspection: self.health,
            WebhookKeys: BoxedWebhookKeys(MemorySecretBox()),
            WebhookTargets: Vetting(self.names),
            Mapping[LpName, LiquidityProvider]: self.providers,
        }
        for port in instances:
            ports.from_context(provides=port)
        waits = Provider(scope=Scope.APP)
        waits.provide(lambda: FeedWatch(uow=uow, pause=self.pause), provides=FeedWatch)
        return make_async_container(
            ports,
            PartnerUseCases(),
            PlatformUseCases(),
            ReconciliationUseCases(),
            SettlementUseCases(),
            WebhookUseCases(),
            waits,
            context=instances,
        )

    async def prepare(self) -> None:
        self.store.assets = {asset.code: asset for asset in (BTC, USDT, NGN)}
        self.store.instruments = {each.symbol: each for each in (BTC_USDT, USDT_NGN)}
        self.store.lps = {LP: ListedLp(name=LP, dialect="memory", role=LpRole.PRIMARY, rank=1)}

    async def tenant(self, name: str) -> tuple[TenantId, str]:
        """With a key of every scope."""
        create = await self.container.get(CreateTenant)
        tenant_id = (await create.execute(CreateTenantCommand(name, PRICING))).tenant.id
        return tenant_id, await self.key(tenant_id, PARTNER_SCOPES)

    async def key(
        self, tenant_id: TenantId, scopes: frozenset[KeyScope], *, label: str = "test"
    ) -> str:
        keys = await self.container.get(ManageApiKeys)
        return (await keys.create(tenant_id, scopes=scopes, label=label)).text

    async def operator(self, label: str = "test") -> str:
        keys = await self.container.get(ManageApiKeys)
        scopes = frozenset({KeyScope.OPERATOR})
        return (await keys.create(HOUSE_TENANT_ID, scopes=scopes, label=label)).text

    def rows(self) -> dict[str, dict[str, int]]:
        """How many rows each table has, by tenant."""
        tables = {name: each for name, each in vars(self.store).items() if isinstance(each, Table)}
        return {
            name: {str(tenant): len(table.of(tenant)) for tenant in table.tenants}
            for name, table in tables.items()
        }

    def state(self) -> tuple[object, object]:
        """Rows and balances: equal before and after whatever must not change anything."""
        balances = self.store.balances
        return self.rows(), {each: dict(balances.of(each)) for each in balances.tenants}

    def later(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    def pass_cache_age(self) -> None:
        """What a process knows of a key may be this old."""
        self.later(CACHE_AGE)

    async def pause(self, duration: timedelta) -> None:
        """How those who wait for events wait: time passes, and what follows then happens."""
        self.later(duration)
        self.pauses += 1
        await self.between_looks()
        await asyncio.sleep(0)

    async def relayed(self) -> int:
        uow = MemoryUnitOfWork(self.store)
        return await RelayEvents(uow=uow, due=MemoryDueWork(self.store)).execute()

    async def settled(self) -> None:
        """When nothing is at work behind the requests any more."""
        assert await self.background.drain() == 0


class Caller:
    """An HTTP client with an API key, and a new idempotency key for each POST."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self._client = client
        self._key = key

    def with_key(self, key: str) -> "Caller":
        return Caller(self._client, key)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        key: str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> httpx.Response:
        """`raw` is sent as it is; a header of None is left out."""
        content = raw if raw is not None else (None if body is None else msgspec.json.encode(body))
        sent: dict[str, str | None] = {"Authorization": f"Bearer {self._key}"}
        if content is not None:
            sent["Content-Type"] = "application/json"
        if method == "POST":
            sent["Idempotency-Key"] = key or os.urandom(12).hex()
        sent |= headers or {}
        return await self._client.request(
            method,
            path,
            content=content,
            headers={name: value for name, value in sent.items() if value is not None},
        )

    async def get(self, path: str, **parameters: str | int) -> httpx.Response:
        query = str(httpx.QueryParams(parameters))
        return await self.send("GET", f"{path}?{query}" if query else path)

    async def read(self, path: str, **parameters: str | int) -> Json:
        return made(await self.get(path, **parameters), 200)

    async def post(
        self,
        path: str,
        body: object,
        *,
        key: str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> httpx.Response:
        return await self.send("POST", path, body, key=key, headers=headers)

    async def make(self, path: str, body: object, *, key: str | None = None) -> Json:
        return made(await self.post(path, body, key=key), 201)

    async def customer(self, external_id: str) -> str:
        return str((await self.make("/v1/customers", {"external_id": external_id}))["id"])

    async def deposit(self, customer_id: str, asset: str, amount: str) -> Json:
        body = {"customer_id": customer_id, "asset": asset, "amount": amount}
        return await self.make("/v1/sandbox/deposits", body)

    async def quote(self, customer_id: str, *, base_amount: str = "0.1", side: str = "buy") -> Json:
        return await self.make(
            "/v1/quotes",
            {
                "customer_id": customer_id,
                "instrument": "BTC-USDT",
                "side": side,
                "base_amount": base_amount,
            },
        )

    async def balances(self, customer_id: str) -> dict[str, tuple[str, str, str]]:
        """Posted, held and available, by asset."""
        page = await self.read("/v1/accounts", customer_id=customer_id)
        return {
            each["asset"]: (each["posted"], each["held"], each["available"])
            for each in page["data"]
        }


def made(response: httpx.Response, status: int) -> Json:
    assert response.status_code == status, response.text
    body: Json = response.json()
    return body


def problem(response: httpx.Response, status: int, code: str) -> Json:
    """The body, which has everything that every problem has."""
    body: Json = response.json()
    assert (response.status_code, body["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["type"] == f"/docs#{code}"
    assert isinstance(body["retryable"], bool)
    assert body["title"]
    assert body["detail"]
    return body
