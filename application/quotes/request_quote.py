from datetime import timedelta
from typing import Final

import msgspec

from application import crash_points
from application.errors import CustomerSuspended, IdempotencyInProgress
from application.idempotency import LIMIT_EXCEEDED, Answer, earlier, store_refusal
from application.in_flight import InFlight
from application.liquidity.price_guard import LpPrice, PriceGuard
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.parties import CustomerStatus
from application.ports.trading import StoredQuote
from application.ports.unit_of_work import UnitOfWork
from application.quotes.ask_providers import AskProviders
from domain.ledger.account import AccountKey, customer_owner
from domain.ledger.chart import AccountCode
from domain.liquidity.price_guard import GuardEvidence, GuardStage
from domain.liquidity.quote import LpQuote
from domain.quotes.pricing import Pricing, QuoteRequest, expiry, lp_request, price_quote
from domain.quotes.quote import Quote, QuoteStatus
from domain.shared.errors import DomainError
from domain.shared.ids import CustomerId, QuoteId, TenantId
from domain.shared.side import FixedSide, Side
from domain.tenants.tenant import require_active

# Between our expiry and the LP's: the clocks' difference and the slowest execute we still send.
EXPIRY_MARGIN: Final = timedelta(seconds=2)
VALIDITY_MAX: Final = timedelta(seconds=30)
RESOURCE: Final = "quote"


class RequestQuoteCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    request: IdempotentRequest
    customer_id: CustomerId
    instrument: str
    side: Side
    fixed: FixedSide
    units: int
    scenario: str | None = None


class RequestQuote:
    """- The tenant and the customer must be active and the instrument open.
    - The amount the customer fixes stays exact; the other follows from an LP's firm price.
    - LPs are asked in the order of the routing policy; the first that quotes is the quote's LP.
    - An answer that no offer can be made of is a refusal, and the next LP is asked.
    - So is a price that independent references do not confirm (`PriceGuard`).
    - No LP, no quote: nothing is kept and the request may be repeated.
    - An amount beyond the limits is refused once and for all under its key.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        guard: PriceGuard,
        ask: AskProviders,
        in_flight: InFlight,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._guard = guard
        self._platform = platform
        self._ask = ask
        self._in_flight = in_flight
        self._clock = clock
        self._ids = ids

    async def execute(self, command: RequestQuoteCommand) -> Answer[Quote]:
        async with self._in_flight.entry(command.tenant_id, command.request.key) as first:
            if not first and (replay := await self._replay(command)) is not None:
                return replay
            return await self._quote(command)

    async def _quote(self, command: RequestQuoteCommand) -> Answer[Quote]:
        try:
            quote = await self._priced(command)
        except LIMIT_EXCEEDED as refusal:
            return await self._refused(command, refusal)
        except DomainError:
            # The first answer to this key stands, even when there would be no second one.
            if (replay := await self._replay(command)) is not None:
                return replay
            raise
        if crash_points.armed:
            await crash_points.reach(crash_points.QUOTE_LP_ANSWERED)
        return await self._offer(command, quote)

    async def _priced(self, command: RequestQuoteCommand) -> Quote:
        tenant = await self._platform.tenant(command.tenant_id)
        require_active(tenant)
        view = await self._platform.view()
        instrument = view.catalog.instrument(command.instrument)
        wanted = QuoteRequest(
            customer_id=command.customer_id,
            side=command.side,
            fixed=command.fixed,
            units=command.units,
        )
        asked = lp_request(wanted, instrument, tenant.pricing, command.scenario)

        await self._guard.ready(instrument)

        async def offered(lp_quote: LpQuote) -> Quote:
            # Before pricing: a lie may lead beyond limits, and that refusal would be for good.
            evidence = self._guard.judge(
                LpPrice(
                    lp=lp_quote.lp,
                    instrument=instrument,
                    base_units=lp_quote.base_units,
                    quote_units=lp_quote.quote_units,
                    rate=lp_quote.rate,
                ),
                view.guard,
                stage=GuardStage.QUOTE,
            )
            pricing = price_quote(wanted, instrument, tenant.pricing, lp_quote)
            return self._offered(command, lp_quote, pricing, evidence)

        return await self._ask.ask(asked, accept=offered)

    def _offered(
        self,
        command: RequestQuoteCommand,
        lp_quote: LpQuote,
        pricing: Pricing,
        evidence: GuardEvidence,
    ) -> Quote:
        now = self._clock.now()
        return Quote(
            id=QuoteId(self._ids.new()),
            customer_id=command.customer_id,
            instrument=command.instrument,
            side=command.side,
            fixed=command.fixed,
            base_units=pricing.base_units,
            quote_units=pricing.quote_units,
            price=pricing.price,
            fee_units=pricing.fee_units,
            breakdown=msgspec.structs.replace(pricing.breakdown, evidence=evidence),
            lp=lp_quote.lp,
            lp_quote_id=lp_quote.lp_quote_id,
            lp_base_units=lp_quote.base_units,
            lp_quote_units=lp_quote.quote_units,
            lp_expires_at=lp_quote.expires_at,
            expires_at=expiry(
                lp_quote.expires_at, now, margin=EXPIRY_MARGIN, max_validity=VALIDITY_MAX
            ),
            status=QuoteStatus.OPEN,
            order_id=None,
            created_at=now,
            updated_at=now,
            version=1,
        )

    async def _offer(self, command: RequestQuoteCommand, quote: Quote) -> Answer[Quote]:
        owner = customer_owner(command.customer_id)
        pay = AccountKey(AccountCode.CUSTOMER, quote.pay_asset, owner)
        receive = AccountKey(AccountCode.CUSTOMER, quote.receive_asset, owner)
        async with self._uow.begin(command.tenant_id) as tx:
            accounts = await tx.accounts.resolve((pay, receive))
            stored = StoredQuote(quote, accounts[pay], accounts[receive])
            if await tx.quotes.offer(stored, command.request):
                if crash_points.armed:
                    await crash_points.reach(crash_points.QUOTE_BEFORE_COMMIT)
                await tx.commit()
                if crash_points.armed:
                    await crash_points.reach(crash_points.QUOTE_OFFERED)
                return Answer(quote)
        return await self._explain(command)

    async def _explain(self, command: RequestQuoteCommand) -> Answer[Quote]:
        """The key is taken, or the customer is not one to quote for."""
        if (replay := await self._replay(command)) is not None:
            return replay
        async with self._uow.begin(command.tenant_id) as tx:
            customer = await tx.customers.get(command.customer_id)
        if customer.status is not CustomerStatus.ACTIVE:
            raise CustomerSuspended("the customer is suspended")
        raise IdempotencyInProgress(
            "the first request with this key has not finished", key=command.request.key
        )

    async def _replay(self, command: RequestQuoteCommand) -> Answer[Quote] | None:
        async with self._uow.begin(command.tenant_id) as tx:
            quote_id = await earlier(tx, command.request)
            if quote_id is None:
                return None
            return Answer((await tx.quotes.get(QuoteId(quote_id))).quote, replayed=True)

    async def _refused(self, command: RequestQuoteCommand, refusal: DomainError) -> Answer[Quote]:
        """Limits may change: what they refused once stays refused under this key."""
        quote_id = await store_refusal(
            self._uow, command.tenant_id, command.request, resource=RESOURCE, error=refusal
        )
        if quote_id is None:
            raise refusal
        async with self._uow.begin(command.tenant_id) as tx:
            return Answer((await tx.quotes.get(QuoteId(quote_id))).quote, replayed=True)
