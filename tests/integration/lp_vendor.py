"""A vendor over real HTTP in place of the primary LP of a stack, with an account of ours at it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import aiohttp
import msgspec

from adapters.http_client.client import HttpClient
from adapters.liquidity.binance_convert.client import BinanceConvert
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from application.ledger.pay_in_capital import PayInCapital, PayInCapitalCommand
from application.ports.liquidity import LiquidityProvider
from application.reconciliation.import_statement import ImportStatement
from application.reconciliation.report import Report
from application.reconciliation.resolve_break import ResolveBreak
from application.reconciliation.run_reconciliation import RunCommand, RunReconciliation
from domain.liquidity.outcome import Filled, LpExecute
from domain.liquidity.quote import LpName, LpQuote, LpQuoteRequest
from domain.reconciliation.breaks import Break
from domain.shared.ids import OrderId
from domain.shared.money import parse_units
from domain.shared.side import FixedSide, Side
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.simulator.server import RunningSimulator, create_simulator, serve
from entrypoints.simulator.vendor import Credentials
from tests.fixtures.postgres_servers import Database
from tests.integration.stack import BTC_USDT, PRIMARY, Stack, open_stack, request

CREDENTIALS = Credentials(api_key="key", api_secret="secret")
# What the simulator opens our account with.
OPENING = {"BTC": "5000", "USDT": "500000000"}
SILENCE_MS = 300


class Reconciled:
    """A stack whose primary LP is the vendor, with the use cases of reconciliation."""

    def __init__(self, stack: Stack, running: RunningSimulator, provider: BinanceConvert) -> None:
        self.stack = stack
        self.running = running
        self.provider = provider
        providers: Mapping[LpName, LiquidityProvider] = {PRIMARY: provider}
        self.run_reconciliation = RunReconciliation(
            uow=stack.ops_uow,
            platform=stack.platform,
            providers=providers,
            clock=stack.clock,
            ids=stack.ids,
        )
        self.import_statement = ImportStatement(
            uow=stack.ops_uow, platform=stack.platform, clock=stack.clock, ids=stack.ids
        )
        self.resolve = ResolveBreak(uow=stack.ops_uow, clock=stack.clock, ids=stack.ids)

    async def run(self) -> Report:
        return await self.run_reconciliation.execute(RunCommand(source=PRIMARY))

    async def open_breaks(self, source: str = PRIMARY) -> tuple[Break, ...]:
        async with self.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
            return await tx.reconciliation.open_breaks(source)

    async def pay_in(self, asset: str, amount: str) -> None:
        pay_in = PayInCapital(
            uow=self.stack.ops_uow,
            platform=self.stack.platform,
            clock=self.stack.clock,
            ids=self.stack.ids,
        )
        await pay_in.execute(
            PayInCapitalCommand(
                request=request(),
                lp=PRIMARY,
                asset=asset,
                units=parse_units(amount, scale=8),
                reference="paid in",
            )
        )

    async def trade_by_hand(self, side: Side = Side.BUY) -> Filled:
        """Somebody trades on our account at the vendor, past Aksum."""
        quote = await self.provider.request_quote(
            LpQuoteRequest(instrument=BTC_USDT, side=side, fixed=FixedSide.BASE, units=2_000_000)
        )
        assert isinstance(quote, LpQuote)
        executed = await self.provider.execute_quote(
            LpExecute(
                order_id=OrderId(self.stack.ids.new()),
                lp_quote_id=quote.lp_quote_id,
                client_ref="by hand",
                instrument=BTC_USDT,
                side=quote.side,
                base_units=quote.base_units,
                quote_units=quote.quote_units,
                lp_expires_at=quote.expires_at,
                deadline=self.stack.clock.now() + timedelta(seconds=5),
            )
        )
        assert isinstance(executed, Filled)
        return executed

    async def control(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        data = None if body is None else msgspec.json.encode(body)
        url = f"{self.running.control_url}/{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, data=data) as response,
        ):
            raw = await response.read()
            assert response.status < 300, raw
            return msgspec.json.decode(raw, type=dict[str, object])

    async def move_balance(self, asset: str, by: str) -> None:
        held = await self.provider.balances()
        assert held is not None
        amount = next(Decimal(each.amount) for each in held if each.asset == asset)
        await self.control(
            "POST", "balances", {"asset": asset, "amount": str(amount + Decimal(by))}
        )


@asynccontextmanager
async def a_vendor(stack: Stack) -> AsyncIterator[tuple[RunningSimulator, BinanceConvert]]:
    app = create_simulator("binance_convert", seed=7, credentials=CREDENTIALS, rate_limits=False)
    running = await serve(app)
    settings = BinanceConvertSettings(
        name=PRIMARY,
        base_url=running.url,
        api_key=CREDENTIALS.api_key,
        api_secret=CREDENTIALS.api_secret,
        sandbox=True,
        execute_timeout_ms=SILENCE_MS,
    )
    http = HttpClient(jitter=lambda _: 0, headers={"X-MBX-APIKEY": settings.api_key})
    provider = BinanceConvert(settings, http=http, clock=stack.clock, instruments=(BTC_USDT,))
    try:
        yield running, provider
    finally:
        await provider.close()
        await running.close()


@asynccontextmanager
async def open_reconciled(database: Database) -> AsyncIterator[Reconciled]:
    async with open_stack(database) as stack, a_vendor(stack) as (running, provider):
        # The use cases hold this very dict.
        lps: dict[LpName, LiquidityProvider] = stack.lps  # type: ignore[assignment]
        lps[PRIMARY] = provider
        reconciled = Reconciled(stack, running, provider)
        # Where the references of the stack are, or nobody would believe it.
        await reconciled.control("POST", "prices", {"instrument": "BTC-USDT", "price": "50000"})
        await stack.tenant()  # with the first partner comes the house
        for asset, amount in OPENING.items():
            await reconciled.pay_in(asset, amount)
        yield reconciled
