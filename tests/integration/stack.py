"""The use cases of trading on a real PostgreSQL, with LPs in process."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, TypedDict
from uuid import UUID

import asyncpg
from typing_extensions import override
from uuid_utils.compat import uuid7

from adapters.memory.liquidity import MemoryLiquidityProvider
from adapters.memory.price_reference import MemoryReferences
from adapters.postgres.audit import PostgresLedgerAudit
from adapters.postgres.connection import create_pool
from adapters.postgres.due_work import PostgresDueWork
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.platform import PostgresCatalogEditor, PostgresPlatform
from adapters.postgres.standings import PostgresStandings
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.background import Background
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.events.relay_events import RelayEvents
from application.idempotency import fingerprint
from application.in_flight import InFlight
from application.ledger.mirror_to_house import MirrorToHouse
from application.ledger.verify_ledger import Verification, VerifyLedger
from application.liquidity.observed_provider import ObservedProvider
from application.liquidity.price_guard import PriceGuard
from application.orders.accept_quote import AcceptQuote
from application.orders.explain_refusal import ExplainRefusal
from application.orders.record_outcome import RecordOutcome
from application.orders.resolve_execution import ResolveExecution
from application.payments.create_transfer import CreateTransfer
from application.payments.create_transfer_batch import CreateTransferBatch
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.catalog import ListedLp, LpRole, Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import IntentKind
from application.ports.liquidity import LiquidityProvider
from application.ports.standing import Standings
from application.ports.unit_of_work import UnitOfWork
from application.quotes.ask_providers import AskProviders
from application.quotes.request_quote import RequestQuote
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from domain.assets.asset import Asset, AssetKind
from domain.assets.instrument import Instrument, TradingStatus
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from domain.shared.ids import CustomerId, TenantId
from domain.shared.money import AssetCode
from domain.shared.price import parse_price
from domain.tenants.tenant import PricingPolicy
from tests.fixtures.postgres_servers import Database

BTC = Asset(code=AssetCode("BTC"), scale=8, kind=AssetKind.CRYPTO, name="Bitcoin")
USDT = Asset(code=AssetCode("USDT"), scale=8, kind=AssetKind.CRYPTO, name="Tether")
BTC_USDT = Instrument(
    symbol="BTC-USDT",
    base=BTC,
    quote=USDT,
    tick=Decimal("0.01"),
    lot_units=1,
    min_base_units=1_000,
    max_base_units=100 * 10**8,
    min_quote_units=10**8,
    max_quote_units=10_000_000 * 10**8,
    status=TradingStatus.OPEN,
)
PRICING = PricingPolicy(platform_spread_ppm=2_000, tenant_spread_ppm=3_000, fee_ppm=1_000)
PRIMARY, BACKUP = LpName("primary"), LpName("backup")
ABSENCE_MARGIN = timedelta(0)


def request(key: str | None = None, body: object = None) -> IdempotentRequest:
    return IdempotentRequest(key or str(uuid7()), fingerprint("test", body))


def depositing(
    tenant_id: TenantId, customer_id: CustomerId, asset: str, units: int
) -> DepositCommand:
    return DepositCommand(
        tenant_id=tenant_id,
        request=request(),
        customer_id=customer_id,
        asset=asset,
        units=units,
    )


class Named(TypedDict):
    uow: UnitOfWork
    platform: Platform
    in_flight: InFlight
    clock: Clock
    ids: IdGenerator


class Common(NamedTuple):
    """What almost every use case takes."""

    uow: UnitOfWork
    platform: Platform
    in_flight: InFlight
    clock: Clock
    ids: IdGenerator

    def named(self) -> Named:
        return Named(
            uow=self.uow,
            platform=self.platform,
            in_flight=self.in_flight,
            clock=self.clock,
            ids=self.ids,
        )


class ShiftedClock(SystemClock):
    """Tells when probes are due; a test moves it instead of waiting."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    @override
    def now(self) -> datetime:
        return super().now() + self.ahead


class Observed(Mapping[LpName, LiquidityProvider]):
    """Whatever LPs there are at the moment: tests put others in their place."""

    def __init__(
        self, lps: Mapping[LpName, LiquidityProvider], standings: Standings, clock: Clock
    ) -> None:
        self._lps, self._standings, self._clock = lps, standings, clock

    @override
    def __getitem__(self, name: LpName) -> LiquidityProvider:
        return ObservedProvider(self._lps[name], self._standings, self._clock)

    @override
    def __iter__(self) -> Iterator[LpName]:
        return iter(self._lps)

    @override
    def __len__(self) -> int:
        return len(self._lps)


class Stack:
    admin_url: str
    """For what no role of ours may write, and a test has to."""

    def __init__(
        self, *, api: asyncpg.Pool, record: asyncpg.Pool, worker: asyncpg.Pool, ops: asyncpg.Pool
    ) -> None:
        self.api, self.worker, self.ops = api, worker, ops
        self.clock, self.ids = SystemClock(), SystemIds()
        self.background = Background()
        in_flight = InFlight()
        self.uow = PostgresUnitOfWork(main=api, record=record, known=KnownAccounts())
        self.worker_uow = PostgresUnitOfWork(main=worker, record=worker, known=KnownAccounts())
        self.ops_uow = PostgresUnitOfWork(main=ops, record=ops, known=KnownAccounts())
        self.platform = PostgresPlatform(pool=api, uow=self.uow)
        prices = {"BTC-USDT": parse_price("50000")}
        self.lps = {
            name: MemoryLiquidityProvider(name, clock=self.clock, prices=prices)
            for name in (PRIMARY, BACKUP)
        }
        self.references = MemoryReferences(self.lps[PRIMARY].prices, clock=self.clock)
        guard = PriceGuard(
            references=self.references, platform=self.platform, vendors={}, clock=self.clock
        )
        self.lp_clock = ShiftedClock()
        self.standings = PostgresStandings(pool=api, clock=self.lp_clock)
        observed = Observed(self.lps, self.standings, self.clock)
        record_outcome = RecordOutcome(uow=self.uow, clock=self.clock, ids=self.ids)
        common = Common(self.uow, self.platform, in_flight, self.clock, self.ids)
        ask = AskProviders(
            platform=self.platform,
            providers=self.lps,
            standings=self.standings,
            listings=Listings({}),
            background=self.background,
            clock=self.clock,
        )
        self.request_quote = RequestQuote(ask=ask, guard=guard, **common.named())
        self.accept_quote = AcceptQuote(
            providers=observed,
            guard=guard,
            standings=self.standings,
            record=record_outcome,
            explain=ExplainRefusal(uow=self.uow),
            background=self.background,
            **common.named(),
        )
        self.create_customer = CreateCustomer(**common.named())
        self.deposit = DepositInSandbox(**common.named())
        self.transfer = CreateTransfer(**common.named())
        self.transfer_batch = CreateTransferBatch(**common.named())
        self.due = PostgresDueWork(worker)
        self.relay = RelayEvents(uow=self.worker_uow, due=self.due)
        self.mirror = MirrorToHouse(uow=self.worker_uow, clock=self.clock)
        self.resolve = ResolveExecution(
            uow=self.worker_uow,
            platform=PostgresPlatform(pool=worker, uow=self.worker_uow),
            providers=observed,
            record=RecordOutcome(uow=self.worker_uow, clock=self.clock, ids=self.ids),
            clock=self.clock,
            absence_margin=ABSENCE_MARGIN,
        )
        self.create_tenant = CreateTenant(uow=self.ops_uow, clock=self.clock, ids=self.ids)
        self.verify_ledger = VerifyLedger(audit=PostgresLedgerAudit(ops))

    async def seed(self) -> None:
        editor = PostgresCatalogEditor(self.ops)
        await editor.list_assets((BTC, USDT))
        await editor.list_instruments((BTC_USDT,))
        await editor.list_lps(
            (
                ListedLp(name=PRIMARY, dialect="memory", role=LpRole.PRIMARY, rank=1),
                ListedLp(name=BACKUP, dialect="memory", role=LpRole.BACKUP, rank=1),
            )
        )

    async def tenant(self, name: str = "Acme") -> TenantId:
        created = await self.create_tenant.execute(CreateTenantCommand(name, PRICING))
        return created.tenant.id

    async def customer(self, tenant_id: TenantId, *, usdt: int = 0, btc: int = 0) -> CustomerId:
        """With whole units of each asset deposited."""
        external_id = str(uuid7())
        answer = await self.create_customer.execute(
            CreateCustomerCommand(tenant_id=tenant_id, request=request(), external_id=external_id)
        )
        for asset, whole in (("USDT", usdt), ("BTC", btc)):
            if whole:
                await self.deposit.execute(
                    depositing(tenant_id, answer.value.id, asset, whole * 10**8)
                )
        return answer.value.id

    async def balances(
        self, tenant_id: TenantId, customer_id: CustomerId
    ) -> dict[str, tuple[int, int]]:
        """By asset: posted and held."""
        async with self.uow.begin(tenant_id) as tx:
            views = await tx.accounts.of_customer(customer_id)
        return {view.account.asset: (view.posted, view.balance.held) for view in views}

    async def mirror_all(self) -> int:
        return await self.mirror.execute(await self.due.due_intents(IntentKind.MIRROR, limit=200))

    async def resolve_all(self) -> list[bool]:
        due = await self.due.due_intents(IntentKind.SETTLE_EXECUTION, limit=200)
        return [await self.resolve.execute(intent) for intent in due]

    async def make_due(self, order_id: UUID, tenant_id: TenantId) -> None:
        """As if the lease had run out and the next look were due."""
        async with self.ops.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))
            await connection.execute(
                "UPDATE intents SET lease_until = now() - interval '1 ms', "
                "next_action_at = now() - interval '1 ms' WHERE subject = $1",
                order_id,
            )

    async def verified(self, *, full: bool = False) -> Verification:
        return await self.verify_ledger.execute(full=full)


@asynccontextmanager
async def open_stack(database: Database, *, size: int = 8) -> AsyncIterator[Stack]:
    urls = (database.api_url, database.api_url, database.worker_url, database.ops_url)
    pools = [await create_pool(url, size=size, application_name="test") for url in urls]
    api, record, worker, ops = pools
    stack = Stack(api=api, record=record, worker=worker, ops=ops)
    stack.admin_url = database.admin_url
    try:
        await stack.seed()
        yield stack
    finally:
        await stack.background.drain()
        await stack.standings.close()
        for pool in pools:
            await pool.close()
