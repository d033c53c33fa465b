"""Quotes and orders over memory, with the sandbox's five providers over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

import aiohttp

from adapters.http_client.client import Jitter
from adapters.liquidity.plugin import LpTools
from adapters.memory.platform import MemoryPlatform
from adapters.memory.price_terms import MemoryPriceTermsBook
from adapters.memory.store import Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.system.ids import SystemIds
from application.background import Background
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.idempotency import fingerprint
from application.in_flight import InFlight
from application.liquidity.change_price_terms import ChangePriceTerms
from application.liquidity.price_guard import PriceGuard
from application.liquidity.reference_board import Pause, ReferenceBoard, sleep
from application.orders.accept_quote import AcceptQuote, AcceptQuoteCommand
from application.orders.explain_refusal import ExplainRefusal
from application.orders.record_outcome import RecordOutcome
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.catalog import ListedLp, LpRole
from application.ports.idempotency import IdempotentRequest
from application.ports.price_terms import Terms
from application.quotes.ask_providers import AskProviders
from application.quotes.request_quote import RequestQuote, RequestQuoteCommand
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from domain.liquidity.listing import Listings
from domain.liquidity.quote import LpName
from domain.liquidity.reference import RateSheet
from domain.orders.order import Order
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, OperatorId, TenantId
from domain.shared.side import FixedSide, Side
from domain.tenants.operator import Operator
from domain.tenants.tenant import PricingPolicy
from entrypoints.cli.sandbox.samples import (
    ASSETS,
    INSTRUMENTS,
    LIMITS,
    LPS,
    OPENING_DEPOSITS,
    SHEET_AGE_MAX,
    units,
)
from entrypoints.simulator.market import Market
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from entrypoints.wiring.registry import LpEntry, make_provider, make_references, vendors
from tests.integration.stack import Common
from tests.liquidity.vendor_lab import CREDENTIALS
from tests.unit.application.quotes.lab import SetStandings

SEED: Final = 7
# No spread of ours: what a customer is quoted is the LP's price, to the unit.
PRICING: Final = PricingPolicy(platform_spread_ppm=0, tenant_spread_ppm=0, fee_ppm=0)
LISTED: Final = {instrument.symbol: instrument for instrument in INSTRUMENTS}
PRIMARY, BACKUP, LUNO, BUSHA, BYBIT = (LpName(lp.name) for lp in LPS)
_IDS: Final = SystemIds()


class StageClock(Protocol):
    """Ours and the vendors'."""

    def now(self) -> datetime: ...

    def now_ms(self) -> int: ...


class GuardStage:
    def __init__(
        self,
        *,
        clock: StageClock,
        running: dict[LpName, RunningSimulator],
        pause: Pause,
        jitter: Jitter,
        session: aiohttp.ClientSession,
    ) -> None:
        self.clock, self.running, self._session = clock, running, session
        self.market = Market(SEED)
        self.store = Store(clock=clock, ids=_IDS)
        self.background = Background()
        # Nobody is ever left out for doing badly: what is refused here, the guard refuses.
        self.standings = SetStandings()
        platform, uow = MemoryPlatform(self.store), MemoryUnitOfWork(self.store)
        entries = [_entry(LpName(lp.name), running[LpName(lp.name)].url) for lp in LPS]
        tools = LpTools(clock=clock, jitter=jitter, instruments=INSTRUMENTS)
        self.providers = {each.listed.name: make_provider(each, tools) for each in entries}
        self.uow = uow
        common = Common(uow, platform, InFlight(), clock, _IDS).named()
        self.boards: list[ReferenceBoard] = []
        self._accepting: list[AcceptQuote] = []
        ask = AskProviders(
            platform=platform,
            providers=self.providers,
            standings=self.standings,
            listings=Listings({}),
            background=self.background,
            clock=clock,
        )
        # What a second process would have of its own.
        for _ in range(2):
            sources = make_references(entries, tools)
            board = ReferenceBoard(sources, clock=clock, pause=pause)
            guard = PriceGuard(
                references=board, platform=platform, vendors=vendors(entries), clock=clock
            )
            self.boards.append(board)
            self._accepting.append(
                AcceptQuote(
                    providers=self.providers,
                    standings=self.standings,
                    guard=guard,
                    record=RecordOutcome(uow=uow, clock=clock, ids=_IDS),
                    explain=ExplainRefusal(uow=uow),
                    background=self.background,
                    **common,
                )
            )
            if len(self.boards) == 1:
                self.request_quote = RequestQuote(ask=ask, guard=guard, **common)
        self._create_tenant = CreateTenant(uow=uow, clock=clock, ids=_IDS)
        self._create_customer = CreateCustomer(**common)
        self._deposit = DepositInSandbox(**common)
        self.terms = ChangePriceTerms(book=MemoryPriceTermsBook(self.store), ids=_IDS)
        self.tenant_id, self.customer_id = TenantId(_IDS.new()), CustomerId(_IDS.new())

    @property
    def board(self) -> ReferenceBoard:
        return self.boards[0]

    async def prepare(self) -> None:
        self.store.assets = dict(ASSETS)
        self.store.instruments = dict(LISTED)
        self.store.lps = {
            LpName(lp.name): ListedLp(
                name=LpName(lp.name), dialect=lp.dialect, role=LpRole(lp.role), rank=lp.rank
            )
            for lp in LPS
        }
        created = await self._create_tenant.execute(CreateTenantCommand("Guarded", PRICING))
        self.tenant_id = created.tenant.id
        command = CreateCustomerCommand(
            tenant_id=self.tenant_id, request=request(), external_id="one"
        )
        self.customer_id = (await self._create_customer.execute(command)).value.id
        for asset, amount in OPENING_DEPOSITS:
            await self._deposit.execute(
                DepositCommand(
                    tenant_id=self.tenant_id,
                    request=request(),
                    customer_id=self.customer_id,
                    asset=asset,
                    units=units(asset, amount),
                )
            )
        for symbol, limits in LIMITS.items():
            await self.set_terms(symbol, limits)
            await self.set_sheet(symbol)

    async def set_terms(self, symbol: str, terms: Terms) -> None:
        maker, checker = (Operator(OperatorId(_IDS.new()), name) for name in ("Abena", "Kwame"))
        proposed = await self.terms.propose(symbol, terms, reason="test", by=maker)
        await self.terms.approve(proposed.id, by=checker)

    async def set_sheet(self, symbol: str, *, age_max: timedelta = SHEET_AGE_MAX) -> None:
        """At what the market stands at."""
        await self.set_sheet_at(symbol, self.true_price(symbol), age_max=age_max)

    async def set_sheet_at(
        self, symbol: str, price: Decimal, *, age_max: timedelta = SHEET_AGE_MAX
    ) -> None:
        await self.set_terms(symbol, RateSheet(bid=price, ask=price, age_max=age_max))

    def true_price(self, symbol: str) -> Decimal:
        """By the market itself, which neither quotes nor tickers can bend."""
        return self.market.book(self.market.instrument(symbol), self.clock.now_ms()).mid

    async def quote(
        self,
        symbol: str = "BTC-USDT",
        side: Side = Side.BUY,
        base_amount: str = "0.5",
        *,
        fixed: FixedSide = FixedSide.BASE,
    ) -> Quote:
        listed = LISTED[symbol]
        asset = listed.base if fixed is FixedSide.BASE else listed.quote
        answer = await self.request_quote.execute(
            RequestQuoteCommand(
                tenant_id=self.tenant_id,
                request=request(),
                customer_id=self.customer_id,
                instrument=symbol,
                side=side,
                fixed=fixed,
                units=units(asset.code, base_amount),
            )
        )
        return answer.value

    async def accept(self, quote: Quote, *, elsewhere: bool = False) -> Order:
        """`elsewhere`: by a process that has not been asked for this instrument before."""
        command = AcceptQuoteCommand(tenant_id=self.tenant_id, request=request(), quote_id=quote.id)
        return (await self._accepting[elsewhere].execute(command)).value

    async def held(self) -> int:
        async with self.uow.begin(self.tenant_id) as tx:
            views = await tx.accounts.of_customer(self.customer_id)
        return sum(view.balance.held for view in views)

    async def control(self, lp: LpName, method: str, path: str, body: object = None) -> None:
        url = f"{self.running[lp].control_url}/{path}"
        async with self._session.request(method, url, json=body) as answer:
            assert answer.ok, await answer.text()

    async def arm(self, lp: LpName, fault: str, **params: int) -> None:
        await self.control(lp, "POST", "faults", {"fault": fault, **params})

    async def disarm(self) -> None:
        for lp in self.running:
            await self.control(lp, "DELETE", "faults")

    async def move(self, symbol: str, price: str) -> None:
        """Everywhere at once, as a market does."""
        for lp in self.running:
            await self.control(lp, "POST", "prices", {"instrument": symbol, "price": price})

    async def close(self) -> None:
        await self.background.drain()
        for board in self.boards:
            await board.close()
        for provider in self.providers.values():
            await provider.close()


@asynccontextmanager
async def guard_stage(
    clock: StageClock,
    *,
    pause: Pause = sleep,
    jitter: Jitter = lambda limit: limit,
) -> AsyncIterator[GuardStage]:
    running: dict[LpName, RunningSimulator] = {}
    async with aiohttp.ClientSession() as session:
        try:
            for lp in LPS:
                app = create_simulator(
                    lp.dialect, seed=SEED, credentials=CREDENTIALS, clock=clock, rate_limits=False
                )
                running[LpName(lp.name)] = await serve(app)
            stage = GuardStage(
                clock=clock, running=running, pause=pause, jitter=jitter, session=session
            )
            await stage.prepare()
            try:
                yield stage
            finally:
                await stage.close()
        finally:
            for each in running.values():
                await each.close()


def request() -> IdempotentRequest:
    return IdempotentRequest(str(_IDS.new()), fingerprint("test", None))


def _entry(name: LpName, url: str) -> LpEntry:
    lp = next(each for each in LPS if each.name == name)
    listed = ListedLp(name=name, dialect=lp.dialect, role=LpRole(lp.role), rank=lp.rank)
    options: dict[str, object] = {
        "name": name,
        "base_url": url,
        "api_key": CREDENTIALS.api_key,
        "api_secret": CREDENTIALS.api_secret,
        "sandbox": True,
    }
    return LpEntry(listed, options)
