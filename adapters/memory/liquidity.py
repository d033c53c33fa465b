"""An LP in process: deterministic, scripted, and as forgetful as it is told to be.

It keeps the discipline of a vendor with two records of an execution: one found by quote id, and the
list, which is asked only once the first knows nothing and the quote is long expired.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from adapters.memory.liquidity_faults import QUOTE_FAULTS, Armed, Fault, FaultQueue
from adapters.memory.liquidity_orders import Order, amounts, filled, row_of
from adapters.memory.open_transaction import require_no_transaction
from application.ports.clock import Clock
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities, LookupBy, Settlement
from domain.liquidity.outcome import (
    ExecutionKey,
    Filled,
    LpExecute,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.quote import (
    LpName,
    LpQuote,
    LpQuoteRefused,
    LpQuoteRequest,
    QuoteRefusal,
)
from domain.shared.price import Price

CAPABILITIES: Final = Capabilities(
    exact_in=True,
    exact_out=True,
    client_ref=False,
    lookup_by=LookupBy.LP_QUOTE_ID,
    proves_absence=True,
    settlement=Settlement.PREFUNDED,
    asynchronous=True,
    last_look=True,
)
QUOTE_LIFE: Final = timedelta(seconds=10)
ABSENCE_MARGIN: Final = timedelta(seconds=60)


class MemoryLiquidityProvider:
    """`prices` by symbol, one for both sides. A symbol without one is not supported."""

    def __init__(
        self,
        name: LpName,
        *,
        clock: Clock,
        prices: Mapping[str, Price],
        quote_life: timedelta = QUOTE_LIFE,
        absence_margin: timedelta = ABSENCE_MARGIN,
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        self._name = name
        self._clock = clock
        self._prices = dict(prices)
        self._quote_life = quote_life
        self._absence_margin = absence_margin
        self._capabilities = capabilities
        self._faults = FaultQueue()
        self._quotes: dict[str, tuple[LpQuote, Instrument]] = {}
        self._orders: dict[str, Order] = {}
        self.requests: list[LpQuoteRequest | LpExecute] = []

    @property
    def name(self) -> LpName:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def executions(self) -> tuple[Filled, ...]:
        """What really happened, at most one for each quote."""
        orders = self._orders.values()
        return tuple(order.executed for order in orders if order.executed is not None)

    @property
    def prices(self) -> Mapping[str, Price]:
        """As they are at any time, for references that follow this LP."""
        return self._prices

    def set_price(self, symbol: str, price: Price) -> None:
        self._prices[symbol] = price

    def arm(self, armed: Armed) -> None:
        self._faults.arm(armed)

    def disarm(self) -> None:
        self._faults.disarm()

    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        require_no_transaction()
        self.requests.append(request)
        fault = self._faults.take(*QUOTE_FAULTS, scenario=request.scenario)
        if fault is not None:
            return self._refuse(QUOTE_FAULTS[fault.fault], f"fault {fault.fault}")
        price = self._prices.get(request.instrument.symbol)
        if price is None:
            return self._refuse(QuoteRefusal.UNSUPPORTED, "no price")
        base_units, quote_units = amounts(request, price)
        if base_units <= 0 or quote_units <= 0:
            return self._refuse(QuoteRefusal.BELOW_MINIMUM, "rounds to nothing")
        now = self._clock.now()
        quote = LpQuote(
            lp=self._name,
            lp_quote_id=f"{self._name}-quote-{len(self._quotes) + 1}",
            side=request.side,
            base_units=base_units,
            quote_units=quote_units,
            rate=format(price.value, "f"),
            received_at=now,
            expires_at=now + self._quote_life,
        )
        self._quotes[quote.lp_quote_id] = (quote, request.instrument)
        return quote

    async def execute_quote(self, request: LpExecute) -> Outcome:
        require_no_transaction()
        self.requests.append(request)
        if self._clock.now() >= request.deadline:
            return Rejected(reason="deadline_passed", detail="nothing was sent")
        take = self._faults.take
        if take(Fault.EXECUTE_NOT_SENT, scenario=request.scenario) is not None:
            return Rejected(reason="not_sent", detail="no connection")
        if take(Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT, scenario=request.scenario) is not None:
            return Unknown(cause="no answer")
        if (order := self._orders.get(request.lp_quote_id)) is not None:
            return order.look()
        accepted = self._accept(request)
        if isinstance(accepted, Rejected):
            return accepted
        if take(Fault.EXECUTE_TIMEOUT_AFTER_COMMIT, scenario=request.scenario) is not None:
            return Unknown(cause="no answer")
        if accepted.unknown_looks:
            return Unknown(cause="undocumented status")
        return Pending(lp_execution_id=accepted.id) if accepted.pending_looks else accepted.final()

    async def get_execution(self, key: ExecutionKey) -> Outcome | NotSeen:
        require_no_transaction()
        asked_at = self._clock.now()
        if self._faults.take(Fault.LOOKUP_5XX) is not None:
            return Unknown(cause="lookup failed")
        order = self._orders.get(key.lp_quote_id)
        hidden = self._faults.take(Fault.LOOKUP_404_THEN_FOUND, Fault.LOOKUP_404_FOREVER)
        if order is not None and hidden is None:
            return order.look()
        if asked_at <= key.lp_expires_at + self._absence_margin:
            return NotSeen(authoritative=False, detail="no such order, but it may still appear")
        if order is not None:
            return order.look()
        return NotSeen(authoritative=True, detail="in neither record after its expiry")

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        if self._faults.take(Fault.LOOKUP_5XX) is not None:
            return LpExecutionPage(executions=(), complete=False)
        orders = sorted(self._orders.values(), key=lambda order: order.at)
        rows = [row_of(order) for order in orders if since <= order.at < until]
        return LpExecutionPage(executions=tuple(rows[:limit]), complete=len(rows) <= limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        """It keeps no account of ours."""
        return None

    async def close(self) -> None:
        """Nothing to give back."""

    def _accept(self, request: LpExecute) -> Order | Rejected:
        known = self._quotes.get(request.lp_quote_id)
        if known is None:
            return Rejected(reason="quote_not_found", detail="no such quote")
        quote, instrument = known
        now = self._clock.now()
        expired = self._faults.take(Fault.EXPIRED, scenario=request.scenario)
        if expired is not None or now > quote.expires_at:
            del self._quotes[request.lp_quote_id]
            return Rejected(reason="quote_expired", detail=f"expired at {quote.expires_at}")
        order = self._order(quote, instrument, now, request.scenario)
        self._orders[quote.lp_quote_id] = order
        return order

    def _order(
        self, quote: LpQuote, instrument: Instrument, now: datetime, scenario: str | None
    ) -> Order:
        def take(fault: Fault) -> Armed | None:
            return self._faults.take(fault, scenario=scenario)

        order_id = f"{self._name}-order-{len(self._orders) + 1}"
        pending, unknown = take(Fault.EXECUTE_ASYNC_PENDING), take(Fault.UNKNOWN_ENUM)
        fails = take(Fault.LAST_LOOK_REJECT) is not None or (pending is not None and pending.fails)
        differs = take(Fault.AMOUNTS_DIFFER_FROM_QUOTE)
        done = filled(quote, order_id, now, bps=differs.bps if differs else 0)
        return Order(
            id=order_id,
            quote=quote,
            instrument=instrument,
            executed=None if fails else done,
            at=now,
            pending_looks=pending.lookups if pending else 0,
            unknown_looks=unknown.lookups if unknown else 0,
        )

    def _refuse(self, reason: QuoteRefusal, detail: str) -> LpQuoteRefused:
        return LpQuoteRefused(lp=self._name, reason=reason, detail=detail)
