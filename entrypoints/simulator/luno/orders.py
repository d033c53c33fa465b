"""Fill-or-kill orders: filled whole at once, or gone; never twice under one reference."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal

import msgspec

from entrypoints.simulator.account import Execution, InsufficientBalance, Leg
from entrypoints.simulator.decimals import ZERO, plus, rounded, times
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.luno import errors
from entrypoints.simulator.luno.book import depth_of, taken
from entrypoints.simulator.luno.catalog import MARKETS, OURS, PLACES, TAKER_FEE, MarketRule
from entrypoints.simulator.luno.errors import VendorError
from entrypoints.simulator.orders import Veiled, fails_by
from entrypoints.simulator.vendor import Vendor

ORDER_ROW = "luno.order"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was sent, well-formed and within the market's limits."""

    pair: str
    buys: bool
    price: Decimal
    volume: Decimal
    client_order_id: str
    valid_until_ms: int | None

    @property
    def rule(self) -> MarketRule:
        return MARKETS[self.pair]


class Order(Veiled, kw_only=True):
    """`base` and `counter` before fees, zero for one that was killed."""

    order_id: str
    wanted: Wanted
    base: Decimal
    counter: Decimal
    fee_base: Decimal
    fee_counter: Decimal
    created_ms: int


class Orders:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._by_id: dict[str, Order] = {}
        self._by_ref: dict[str, Order] = {}
        self._burnt: set[str] = set()

    def by_id(self, order_id: str) -> Order | None:
        return self._by_id.get(order_id)

    def by_ref(self, client_order_id: str) -> Order | None:
        return self._by_ref.get(client_order_id)

    def newest_first(self) -> Iterator[Order]:
        return reversed(self._by_id.values())

    def add(self, order: Order) -> None:
        self._by_id[order.order_id] = order
        if order.wanted.client_order_id:
            self._by_ref[order.wanted.client_order_id] = order

    def place(self, wanted: Wanted, faults: Mapping[str, Fault], now_ms: int) -> Order:
        """Raises VendorError and changes nothing. No await in here: two copies cannot meet."""
        ref = wanted.client_order_id
        late = wanted.valid_until_ms is not None and now_ms > wanted.valid_until_ms
        if late or "expired" in faults:
            raise VendorError(errors.DEADLINE)
        if ref in self._by_ref or ref in self._burnt:
            raise VendorError(errors.DUPLICATE)
        if "already_used" in faults:
            self._burnt.add(ref)
            raise VendorError(errors.DUPLICATE)
        order = self._order(wanted, faults, now_ms)
        if order.fails:
            self._vendor.keep((ORDER_ROW, order))
        else:
            self._execute(order, faults)
        self.add(order)
        return order

    def _order(self, wanted: Wanted, faults: Mapping[str, Fault], now_ms: int) -> Order:
        depth = depth_of(self._vendor, wanted.rule, faults)
        side = depth.asks if wanted.buys else depth.bids
        counter = ZERO
        if not fails_by(faults):
            counter = taken(side, wanted.volume, wanted.price, buys=wanted.buys)
        base = wanted.volume if counter else ZERO
        places = PLACES[wanted.rule.counter]
        rounding = ROUND_CEILING if wanted.buys else ROUND_DOWN
        counter = rounded(counter, places=places, rounding=rounding)
        fee_base, fee_counter = _fees(wanted, base, counter, faults)
        pending, unknown = faults.get("execute_async_pending"), faults.get("unknown_enum")
        return Order(
            order_id=f"BX{now_ms:X}{len(self._by_id):04X}",
            wanted=wanted,
            base=base,
            counter=counter,
            fee_base=fee_base,
            fee_counter=fee_counter,
            fails=not counter,
            created_ms=now_ms,
            # postorder tells no status, so the first lookup stands for its answer.
            pending_lookups=pending["lookups"] + 1 if pending else 0,
            unknown_lookups=unknown["lookups"] + 1 if unknown else 0,
        )

    def _execute(self, order: Order, faults: Mapping[str, Fault]) -> None:
        rule = order.wanted.rule
        base, counter = OURS.get(rule.base, rule.base), OURS.get(rule.counter, rule.counter)
        sign = 1 if order.wanted.buys else -1
        legs = (
            Leg(base, plus(sign * order.base, -order.fee_base)),
            Leg(counter, plus(-sign * order.counter, -order.fee_counter)),
        )
        if "balance_drop" in faults:
            self._vendor.set_balance(counter if order.wanted.buys else base, ZERO)
        execution = Execution(
            id=order.order_id,
            quote_id="",
            client_ref=order.wanted.client_order_id,
            legs=legs,
            executed_ms=order.created_ms,
        )
        try:
            self._vendor.execute(execution, (ORDER_ROW, order))
        except InsufficientBalance:
            raise VendorError(errors.INSUFFICIENT_FUNDS) from None


def _fees(
    wanted: Wanted, base: Decimal, counter: Decimal, faults: Mapping[str, Fault]
) -> tuple[Decimal, Decimal]:
    """Taken from what is received: base on a buy, counter on a sell."""
    received = base if wanted.buys else counter
    asset = wanted.rule.base if wanted.buys else wanted.rule.counter
    places = PLACES[asset]
    fee = rounded(times(received, TAKER_FEE), places=places, rounding=ROUND_CEILING)
    if (differs := faults.get("amounts_differ_from_quote")) is not None:
        factor = plus(Decimal(1), Decimal(-differs["bps"]).scaleb(-4))
        less = rounded(times(plus(received, -fee), factor), places=places, rounding=ROUND_HALF_UP)
        fee = plus(received, -less)
    return (fee, ZERO) if wanted.buys else (ZERO, fee)
