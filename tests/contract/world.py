"""Tenants, customers, quotes and trades, made through the ports alone."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from adapters.memory.clock import ManualClock
from adapters.system.ids import SystemIds
from application.orders.settling import SettlementIds, account_keys, settlement
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import IntentKind
from application.ports.ledger import AccountView
from application.ports.parties import Customer, StoredTenant
from application.ports.trading import (
    Evidence,
    OpenExecution,
    Reservation,
    Settlement,
    StoredQuote,
)
from application.ports.unit_of_work import Transaction
from domain.assets.asset import Asset, AssetKind
from domain.assets.catalog import Catalog
from domain.assets.instrument import Instrument, TradingStatus
from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Batch, Post
from domain.ledger.entry import Entry, JournalTransaction, MirrorOf
from domain.ledger.templates import (
    DepositAccounts,
    FactMirror,
    Header,
    deposit_confirmed,
    deposit_instruction,
    mirror_keys,
    mirror_transaction,
    resolve,
)
from domain.liquidity.outcome import Filled
from domain.liquidity.quote import LpName, LpQuote
from domain.orders.announcements import order_changed, order_reserved
from domain.orders.order import Order
from domain.quotes.pricing import QuoteRequest, price_quote
from domain.quotes.quote import Quote, QuoteStatus
from domain.shared.events import Announcement
from domain.shared.ids import (
    AccountId,
    CustomerId,
    EventId,
    FillId,
    OrderId,
    QuoteId,
    TenantId,
    TransactionId,
)
from domain.shared.money import AssetCode
from domain.shared.side import FixedSide, Side
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy, Tenant, TenantStatus
from tests.contract.ports import Ports

BTC: Final = Asset(code=AssetCode("BTC"), scale=8, kind=AssetKind.CRYPTO, name="Bitcoin")
USDT: Final = Asset(code=AssetCode("USDT"), scale=8, kind=AssetKind.CRYPTO, name="Tether")
BTC_USDT: Final = Instrument(
    symbol="BTC-USDT",
    base=BTC,
    quote=USDT,
    tick=Decimal("0.01"),
    lot_units=1,
    min_base_units=1,
    max_base_units=10**20,
    min_quote_units=1,
    max_quote_units=10**20,
    status=TradingStatus.OPEN,
)
CATALOG: Final = Catalog(
    assets={asset.code: asset for asset in (BTC, USDT)}, instruments={BTC_USDT.symbol: BTC_USDT}
)
POLICY: Final = PricingPolicy(platform_spread_ppm=2_000, tenant_spread_ppm=5_000, fee_ppm=1_000)

# What every quote here is about: 0.01 BTC, at 60,000 USDT before spreads and fee.
BASE_UNITS: Final = 1_000_000
LP_QUOTE_UNITS: Final = 600 * 10**8
ENOUGH_USDT: Final = 10_000 * 10**8
ENOUGH_BTC: Final = 5 * 10**8

EVIDENCE: Final = Evidence(seen=b'{"seen": "a record"}', resolved_by="contract")
NO_LEASE: Final = timedelta(0)
LONG_LEASE: Final = timedelta(hours=1)


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with an account in each asset."""

    tenant_id: TenantId
    customer: Customer
    usdt: AccountId
    btc: AccountId


class World:
    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._ids = SystemIds()

    async def prepare(self) -> None:
        await self.ports.catalog_editor.list_assets((BTC, USDT))
        await self.ports.catalog_editor.list_instruments((BTC_USDT,))
        await self._add_tenant(HOUSE_TENANT_ID)

    @property
    def now(self) -> datetime:
        return self.ports.clock.now()

    def pass_time(self) -> None:
        """Where a clock has to be moved; a real one moves by itself."""
        if isinstance(self.ports.clock, ManualClock):
            self.ports.clock.advance(timedelta(milliseconds=1))

    def id(self) -> UUID:
        return self._ids.new()

    def request(self, key: str | None = None) -> IdempotentRequest:
        return IdempotentRequest(key=key or f"key-{self.id()}", fingerprint=bytes(32))

    async def tenant(self) -> TenantId:
        tenant_id = TenantId(self.id())
        await self._add_tenant(tenant_id)
        return tenant_id

    def new_customer(self, external_id: str | None = None) -> Customer:
        now = self.now
        return Customer(
            id=CustomerId(self.id()),
            external_id=external_id or f"ext-{self.id()}",
            metadata={"tier": "gold"},
            created_at=now,
            updated_at=now,
        )

    async def party(
        self, tenant_id: TenantId | None = None, *, usdt_units: int = ENOUGH_USDT
    ) -> Party:
        """Of a tenant of its own unless one is named, with enough of both assets."""
        tenant_id = tenant_id or await self.tenant()
        customer = self.new_customer()
        owner = customer_owner(customer.id)
        keys = [AccountKey(AccountCode.CUSTOMER, asset.code, owner) for asset in (USDT, BTC)]
        async with self.ports.uow.begin(tenant_id) as tx:
            await tx.customers.add(customer)
            accounts = await tx.accounts.resolve(keys)
            await tx.commit()
        party = Party(
            tenant_id=tenant_id,
            customer=customer,
            usdt=accounts[keys[0]],
            btc=accounts[keys[1]],
        )
        await self.deposit(party, USDT, usdt_units)
        await self.deposit(party, BTC, ENOUGH_BTC)
        return party

    async def deposit(self, party: Party, asset: Asset, units: int) -> JournalTransaction:
        """As a confirmed deposit does it, the instruction to mirror it included."""
        keys = DepositAccounts.keys(customer=customer_owner(party.customer.id), asset=asset.code)
        header = self.header()
        house = Header(TransactionId(self.id()), header.reference, header.effective_on)
        async with self.ports.uow.begin(party.tenant_id) as tx:
            accounts = resolve(DepositAccounts, keys, await tx.accounts.resolve(keys.values()))
            transaction = deposit_confirmed(header, asset.code, units, accounts)
            await self.accept(tx, (Post(transaction, self.now),))
            mirror_of = MirrorOf(party.tenant_id, transaction.id)
            instruction = deposit_instruction(house, asset.code, units, mirror_of=mirror_of)
            payload = msgspec.json.encode(instruction)
            await tx.intents.add(IntentKind.MIRROR, transaction.id, payload=payload)
            await tx.commit()
        return transaction

    async def mirror(self, tenant_id: TenantId, *subjects: UUID) -> None:
        """Does what the instructions to mirror these transactions say."""
        async with self.ports.uow.begin(tenant_id) as tx:
            leased = await tx.intents.lease(IntentKind.MIRROR, subjects, duration=LONG_LEASE)
            await tx.commit()
        for intent in leased:
            # A union alias is not a type to msgspec's overloads, although it decodes as one.
            instruction: FactMirror = msgspec.json.decode(intent.payload or b"", type=FactMirror)
            async with self.ports.uow.begin(HOUSE_TENANT_ID) as tx:
                accounts = await tx.accounts.resolve(mirror_keys(instruction))
                await self.accept(tx, (Post(mirror_transaction(instruction, accounts), self.now),))
                await tx.commit()
            async with self.ports.uow.begin(tenant_id) as tx:
                assert await tx.intents.finish(intent)
                await tx.commit()

    async def accept(self, tx: Transaction, batch: Batch) -> None:
        outcomes = await tx.journal.post(batch)
        assert all(outcome.accepted for outcome in outcomes), outcomes

    def header(self, *, reference: str = "dep_1") -> Header:
        return Header(TransactionId(self.id()), reference, self.now.date())

    def moving(
        self, payer: AccountId, payee: AccountId, units: int, *, asset: Asset = USDT
    ) -> JournalTransaction:
        header = self.header(reference="trf_1")
        return JournalTransaction(
            id=header.transaction_id,
            template="transfer",
            reference=header.reference,
            effective_on=header.effective_on,
            entries=(Entry(payer, asset.code, -units), Entry(payee, asset.code, units)),
        )

    async def view(self, tenant_id: TenantId, account_id: AccountId) -> AccountView:
        async with self.ports.uow.begin(tenant_id) as tx:
            return await tx.accounts.get(account_id)

    def new_quote(
        self, party: Party, *, side: Side = Side.BUY, expires_in: timedelta = LONG_LEASE
    ) -> StoredQuote:
        now = self.now
        lp_quote = LpQuote(
            lp=LpName("sandbox_a"),
            lp_quote_id=f"lpq-{self.id()}",
            side=side,
            base_units=BASE_UNITS,
            quote_units=LP_QUOTE_UNITS,
            rate="60000",
            received_at=now,
            expires_at=now + LONG_LEASE,
        )
        request = QuoteRequest(
            customer_id=party.customer.id, side=side, fixed=FixedSide.BASE, units=BASE_UNITS
        )
        priced = price_quote(request, BTC_USDT, POLICY, lp_quote)
        quote = Quote(
            id=QuoteId(self.id()),
            customer_id=party.customer.id,
            instrument=BTC_USDT.symbol,
            side=side,
            fixed=request.fixed,
            base_units=priced.base_units,
            quote_units=priced.quote_units,
            price=priced.price,
            fee_units=priced.fee_units,
            breakdown=priced.breakdown,
            lp=lp_quote.lp,
            lp_quote_id=lp_quote.lp_quote_id,
            lp_base_units=lp_quote.base_units,
            lp_quote_units=lp_quote.quote_units,
            lp_expires_at=lp_quote.expires_at,
            expires_at=now + expires_in,
            status=QuoteStatus.OPEN,
            order_id=None,
            created_at=now,
            updated_at=now,
            version=1,
        )
        buying = side is Side.BUY
        pay, receive = (party.usdt, party.btc) if buying else (party.btc, party.usdt)
        return StoredQuote(quote, pay_account_id=pay, receive_account_id=receive)

    async def quote(
        self, party: Party, *, side: Side = Side.BUY, expires_in: timedelta = LONG_LEASE
    ) -> StoredQuote:
        """A quote that was offered."""
        stored = self.new_quote(party, side=side, expires_in=expires_in)
        async with self.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.quotes.offer(stored, self.request())
            await tx.commit()
        return stored

    def reservation(
        self,
        quote_id: QuoteId,
        *,
        request: IdempotentRequest | None = None,
        client_order_id: str | None = None,
        lease: timedelta = LONG_LEASE,
    ) -> Reservation:
        now = self.now
        order_id = OrderId(self.id())
        return Reservation(
            request=request or self.request(),
            quote_id=quote_id,
            order_id=order_id,
            client_order_id=client_order_id,
            client_ref=f"ref-{order_id}",
            deadline=now + timedelta(seconds=5),
            lease=lease,
            at=now,
            announcement=order_reserved(
                EventId(self.id()),
                order_id=order_id,
                quote_id=quote_id,
                client_order_id=client_order_id,
                at=now,
            ),
        )

    def news(self, before: Order, after: Order) -> Announcement:
        """Of a change that is one."""
        told = order_changed(EventId(self.id()), before, after, CATALOG)
        assert told is not None
        return told

    async def reserve(self, party: Party, reservation: Reservation) -> OpenExecution | None:
        async with self.ports.uow.begin(party.tenant_id) as tx:
            opened = await tx.trading.reserve(reservation)
            if opened is not None:
                await tx.commit()
        return opened

    async def execution(
        self, party: Party, *, side: Side = Side.BUY, lease: timedelta = LONG_LEASE
    ) -> OpenExecution:
        """An order that waits for its LP."""
        stored = await self.quote(party, side=side)
        opened = await self.reserve(party, self.reservation(stored.quote.id, lease=lease))
        assert opened is not None
        return opened

    async def settlement(self, party: Party, execution: OpenExecution) -> Settlement:
        """The LP traded exactly as it quoted."""
        quote = execution.stored.quote
        filled = Filled(
            lp_execution_id="exec-1",
            base_units=quote.lp_base_units,
            quote_units=quote.lp_quote_units,
            executed_at=self.now,
        )
        async with self.ports.uow.begin(party.tenant_id) as tx:
            accounts = await tx.accounts.resolve(account_keys(quote).values())
            await tx.commit()
        return settlement(
            execution,
            filled,
            tenant_id=party.tenant_id,
            accounts=accounts,
            ids=SettlementIds(
                fill=FillId(self.id()),
                transaction=TransactionId(self.id()),
                house_transaction=TransactionId(self.id()),
                event=EventId(self.id()),
            ),
            catalog=CATALOG,
            evidence=EVIDENCE,
            at=self.now,
        )

    async def settle(self, party: Party, settled: Settlement) -> bool:
        async with self.ports.uow.begin(party.tenant_id) as tx:
            done = await tx.trading.settle(settled)
            if done:
                await tx.commit()
        return done

    async def trade(self, party: Party, *, side: Side = Side.BUY) -> Settlement:
        settled = await self.settlement(party, await self.execution(party, side=side))
        assert await self.settle(party, settled)
        return settled

    async def _add_tenant(self, tenant_id: TenantId) -> None:
        now = self.now
        tenant = Tenant(
            id=tenant_id, name=f"Tenant {tenant_id}", status=TenantStatus.ACTIVE, pricing=POLICY
        )
        async with self.ports.uow.begin(tenant_id) as tx:
            await tx.tenants.add(StoredTenant(tenant=tenant, created_at=now, updated_at=now))
            await tx.commit()
