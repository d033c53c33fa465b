"""A trade with each adapter over real HTTP, on each store: quoted, accepted, booked, and resolved.

What the adapters owe is in their own contract; here the use cases meet them, whatever keeps the
books: both stores must come to the same.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp
import msgspec
import pytest
from dishka import AsyncContainer, Provider, Scope, make_async_container
from uuid_utils.compat import uuid7

from adapters.liquidity.plugin import LpTools
from adapters.memory.store import Store
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.background import Background
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.idempotency import fingerprint
from application.in_flight import InFlight
from application.ledger.mirror_to_house import MirrorToHouse
from application.ledger.verify_ledger import VerifyLedger
from application.liquidity.price_guard import PriceGuard
from application.orders.accept_quote import AcceptQuote, AcceptQuoteCommand
from application.orders.resolve_execution import ResolveExecution
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.catalog import ListedLp, LpRole, Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import CLAIM_MAX, IntentKind
from application.ports.ledger_clock import LedgerClock
from application.ports.liquidity import LiquidityProvider
from application.ports.lp_capacity import LpCapacities
from application.ports.parties import AccessDirectory
from application.ports.standing import Standings
from application.ports.unit_of_work import UnitOfWork
from application.quotes.request_quote import RequestQuote, RequestQuoteCommand
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from application.tenants.key_text import Environment
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from domain.tenants.tenant import PricingPolicy
from entrypoints.cli.sandbox.samples import ASSETS, INSTRUMENTS, OPENING_DEPOSITS, units
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from entrypoints.simulator.vendor import Credentials
from entrypoints.wiring.providers.use_cases import PartnerUseCases, SettlementUseCases
from entrypoints.wiring.registry import LPS
from entrypoints.wiring.settings import Settings
from tests.contract.conftest import make_postgres_ports, memory_ports_of
from tests.contract.ports import Ports
from tests.fixtures.postgres_servers import Database
from tests.liquidity.trades import TRADES
from tests.soak.matrix.containers import PRICES, Trusting, references

CREDENTIALS: Final = Credentials("partner-key-1", "partner-secret-1")
PRICING: Final = PricingPolicy(platform_spread_ppm=1_000, tenant_spread_ppm=2_500, fee_ppm=1_000)
LP: Final = LpName("vendor")
SILENCE_MS: Final = 400
LOOKS_MAX: Final = 5


def request() -> IdempotentRequest:
    return IdempotentRequest(str(uuid7()), fingerprint("test", None))


class Shop:
    """A partner with one customer who has enough of everything, and one LP over HTTP."""

    def __init__(
        self, ports: Ports, dialect: str, running: RunningSimulator, provider: LiquidityProvider
    ) -> None:
        self.ports = ports
        self.dialect = dialect
        self.clock, self.ids = SystemClock(), SystemIds()
        self.background = Background()
        self._running = running
        self._provider = provider
        self.use_cases = self._container()
        self.tenant_id: TenantId
        self.customer_id: CustomerId

    def _container(self) -> AsyncContainer:
        instances: dict[Any, object] = {
            Settings: Settings(absence_margin=timedelta(0)),
            Clock: self.clock,
            IdGenerator: self.ids,
            Environment: Environment.TEST,
            Background: self.background,
            InFlight: InFlight(),
            UnitOfWork: self.ports.uow,
            Platform: self.ports.platform,
            AccessDirectory: self.ports.access_directory,
            LedgerClock: self.ports.ledger_clock,
            LpCapacities: self.ports.lp_capacities,
            Mapping[LpName, LiquidityProvider]: {LP: self._provider},
            Standings: Trusting(),
            Listings: Listings({}),
            PriceGuard: PriceGuard(
                references=references(self.clock),
                platform=self.ports.platform,
                vendors={},
                clock=self.clock,
            ),
        }
        given = Provider(scope=Scope.APP)
        for port in instances:
            given.from_context(provides=port)
        return make_async_container(
            given, PartnerUseCases(), SettlementUseCases(), context=instances
        )

    async def open(self) -> None:
        editor = self.ports.catalog_editor
        await editor.list_assets(ASSETS.values())
        await editor.list_instruments(INSTRUMENTS)
        await editor.list_lps(
            [ListedLp(name=LP, dialect=self.dialect, role=LpRole.PRIMARY, rank=1)]
        )
        create = CreateTenant(uow=self.ports.ops_uow, clock=self.clock, ids=self.ids)
        created = await create.execute(CreateTenantCommand(self.dialect, PRICING))
        self.tenant_id = created.tenant.id
        create_customer = await self.use_cases.get(CreateCustomer)
        answer = await create_customer.execute(
            CreateCustomerCommand(
                tenant_id=self.tenant_id, request=request(), external_id=str(uuid7())
            )
        )
        self.customer_id = answer.value.id
        deposit = await self.use_cases.get(DepositInSandbox)
        for asset, amount in OPENING_DEPOSITS:
            await deposit.execute(
                DepositCommand(
                    tenant_id=self.tenant_id,
                    request=request(),
                    customer_id=self.customer_id,
                    asset=asset,
                    units=units(asset, amount),
                )
            )

    async def quote(self) -> Quote:
        trade = TRADES[self.dialect]
        ask = await self.use_cases.get(RequestQuote)
        answer = await ask.execute(
            RequestQuoteCommand(
                tenant_id=self.tenant_id,
                request=request(),
                customer_id=self.customer_id,
                instrument=trade.instrument,
                side=trade.side,
                fixed=trade.fixed,
                units=trade.amount,
            )
        )
        return answer.value

    async def accept(self, quote: Quote, *, scenario: str | None = None) -> Order:
        accept = await self.use_cases.get(AcceptQuote)
        answer = await accept.execute(
            AcceptQuoteCommand(
                tenant_id=self.tenant_id, request=request(), quote_id=quote.id, scenario=scenario
            )
        )
        return answer.value

    async def looked_up(self, order: Order) -> Order:
        """As the resolver does, until it is final."""
        resolve = await self.use_cases.get(ResolveExecution)
        for _ in range(LOOKS_MAX):
            async with self.ports.uow.begin(self.tenant_id) as tx:
                await tx.intents.make_due(IntentKind.SETTLE_EXECUTION, order.id)
                await tx.commit()
            for due in await self.ports.due_work.due_intents(
                IntentKind.SETTLE_EXECUTION, limit=CLAIM_MAX
            ):
                await resolve.execute(due)
            async with self.ports.uow.begin(self.tenant_id) as tx:
                order = await tx.orders.get(order.id)
            if order.is_final:
                break
        return order

    async def balances(self) -> dict[str, tuple[int, int]]:
        """Posted and held, by asset."""
        async with self.ports.uow.begin(self.tenant_id) as tx:
            views = await tx.accounts.of_customer(self.customer_id)
        return {view.account.asset: (view.posted, view.balance.held) for view in views}

    async def executions(self) -> int:
        """By the vendor's own count."""
        url = f"{self._running.control_url}/executions"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            listed = msgspec.json.decode(await response.read(), type=dict[str, list[object]])
        return len(listed["data"])

    async def books_are_whole(self) -> None:
        mirror = MirrorToHouse(uow=self.ports.worker_uow, clock=self.clock)
        while due := await self.ports.due_work.due_intents(IntentKind.MIRROR, limit=CLAIM_MAX):
            await mirror.execute(due)
        verified = await VerifyLedger(audit=self.ports.ledger_audit).execute(full=True)
        assert verified.findings == ()
        assert verified.open_mirrors == 0


@asynccontextmanager
async def stored(database: Database | None) -> AsyncIterator[Ports]:
    if database is None:
        yield memory_ports_of(Store(clock=SystemClock(), ids=SystemIds()))
        return
    async with make_postgres_ports(database) as ports:
        yield ports


@pytest.fixture(params=["memory", "postgres"])
async def ports(request: pytest.FixtureRequest) -> AsyncIterator[Ports]:
    kind = str(request.param)
    database = request.getfixturevalue("database_18") if kind == "postgres" else None
    async with stored(database) as made:
        yield made


@pytest.fixture(params=sorted(DIALECTS))
async def shop(request: pytest.FixtureRequest, ports: Ports) -> AsyncIterator[Shop]:
    dialect = str(request.param)
    running = await serve(create_simulator(dialect, seed=7, credentials=CREDENTIALS))
    plugin = next(each for each in LPS if each.dialect == dialect)
    settings = {
        "name": LP,
        "base_url": running.url,
        "sandbox": True,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "execute_timeout_ms": SILENCE_MS,
    }
    provider = plugin.make(settings, LpTools(clock=SystemClock(), jitter=lambda _: 0))
    try:
        await hold_prices(running)
        made = Shop(ports, dialect, running, provider)
        await made.open()
        yield made
        await made.background.drain()
    finally:
        await provider.close()
        await running.close()


async def hold_prices(running: RunningSimulator) -> None:
    """Where the references say that they are."""
    async with aiohttp.ClientSession() as session:
        for instrument, price in PRICES.items():
            body = msgspec.json.encode({"instrument": instrument, "price": price})
            async with session.post(f"{running.control_url}/prices", data=body) as answer:
                assert answer.status == 201


async def assert_booked(shop: Shop, quote: Quote, before: Mapping[str, tuple[int, int]]) -> None:
    """The customer's leg as quoted, nothing held, and every book in order."""
    after = await shop.balances()
    for money, sign in ((quote.pay, -1), (quote.receive, 1)):
        assert after[money.asset] == (before[money.asset][0] + sign * money.units, 0)
    assert await shop.executions() == 1
    await shop.books_are_whole()


async def test_accepted_quote_is_executed_once_and_booked_as_quoted(shop: Shop) -> None:
    before = await shop.balances()
    quote = await shop.quote()
    order = await shop.accept(quote)
    assert order.status is OrderStatus.FILLED
    await assert_booked(shop, quote, before)


async def test_lost_reply_holds_the_funds_until_a_look_finds_the_execution(shop: Shop) -> None:
    before = await shop.balances()
    quote = await shop.quote()
    order = await shop.accept(quote, scenario="execute_timeout_after_commit")
    assert (order.status, order.outcome) == (OrderStatus.PENDING, OutcomeFlag.UNKNOWN)
    held = (await shop.balances())[quote.pay.asset]
    assert held == (before[quote.pay.asset][0], quote.pay.units)
    order = await shop.looked_up(order)
    assert order.status is OrderStatus.FILLED
    await assert_booked(shop, quote, before)


async def test_refused_execution_gives_the_funds_back(shop: Shop) -> None:
    before = await shop.balances()
    quote = await shop.quote()
    order = await shop.accept(quote, scenario="last_look_reject")
    order = await shop.looked_up(order)
    assert order.status is OrderStatus.REJECTED
    assert await shop.balances() == before
    assert await shop.executions() == 0
    await shop.books_are_whole()
