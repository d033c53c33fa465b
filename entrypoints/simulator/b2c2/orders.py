"""Fill-or-kill orders under our own id: executed at the market or not at all, and never twice."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from uuid import UUID

import msgspec

from entrypoints.simulator.account import Execution, Leg
from entrypoints.simulator.b2c2 import errors
from entrypoints.simulator.b2c2.catalog import INSTRUMENTS, MAX_RISK_EXPOSURE, Rule
from entrypoints.simulator.b2c2.errors import VendorError
from entrypoints.simulator.b2c2.pricing import exposure, price_of
from entrypoints.simulator.decimals import plus, times
from entrypoints.simulator.faults import Fault
from entrypoints.simulator.vendor import Vendor

ORDER_ROW = "b2c2.order"
# An order at the price of a quote that has moved this little since is honoured: our choice.
HONOURED_BPS = Decimal(5)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was sent, well-formed and within the instrument's limits."""

    client_order_id: str
    instrument: str
    buys: bool
    quantity: Decimal
    price: Decimal
    valid_until_ms: int
    executing_unit: str

    @property
    def rule(self) -> Rule:
        return INSTRUMENTS[self.instrument]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`executed_price` None: it was killed."""

    order_id: str
    trade_id: str
    wanted: Wanted
    executed_price: Decimal | None
    created_ms: int


class Orders:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._by_ref: dict[str, Order] = {}
        self._burnt: set[str] = set()

    def by_ref(self, client_order_id: str) -> Order | None:
        return self._by_ref.get(client_order_id)

    def oldest_first(self) -> Iterator[Order]:
        return iter(self._by_ref.values())

    def add(self, order: Order) -> None:
        self._by_ref[order.wanted.client_order_id] = order

    def place(self, wanted: Wanted, faults: Mapping[str, Fault], now_ms: int) -> Order:
        """Raises VendorError and changes nothing. No await in here: two copies cannot meet."""
        ref = wanted.client_order_id
        if ref in self._by_ref or ref in self._burnt:
            raise VendorError(errors.DUPLICATE)
        if "already_used" in faults:
            self._burnt.add(ref)
            raise VendorError(errors.DUPLICATE)
        if now_ms > wanted.valid_until_ms or "expired" in faults:
            raise VendorError(errors.EXPIRED)
        if "last_look_reject" in faults:
            raise VendorError(errors.PRICE_INVALID)
        price = None if "executed_price_null" in faults else self._price(wanted)
        order = Order(
            order_id=self._new_id(now_ms, "order"),
            trade_id=self._new_id(now_ms, "trade"),
            wanted=wanted,
            executed_price=price,
            created_ms=now_ms,
        )
        if price is None:
            self._vendor.keep((ORDER_ROW, order))
        else:
            self._execute(order, price)
        self.add(order)
        return order

    def _price(self, wanted: Wanted) -> Decimal | None:
        """The market's, or ours where it is hardly worse; None beyond that."""
        market = price_of(self._vendor, wanted.rule, {}, buys=wanted.buys)
        sign = 1 if wanted.buys else -1
        worse = times(Decimal(sign), plus(market, -wanted.price))
        if worse <= 0:
            return market
        honoured = times(wanted.price, HONOURED_BPS.scaleb(-4))
        return wanted.price if worse <= honoured else None

    def _execute(self, order: Order, price: Decimal) -> None:
        wanted = order.wanted
        sign = 1 if wanted.buys else -1
        legs = (
            Leg(wanted.rule.base, sign * wanted.quantity),
            Leg(wanted.rule.quote, -sign * times(wanted.quantity, price)),
        )
        after = self._vendor.account.balances()
        for leg in legs:
            after[leg.asset] = plus(after.get(leg.asset, Decimal(0)), leg.amount)
        if exposure(self._vendor, after) > MAX_RISK_EXPOSURE:
            raise VendorError(errors.RISK_EXPOSURE)
        execution = Execution(
            id=order.trade_id,
            quote_id="",
            client_ref=wanted.client_order_id,
            legs=legs,
            executed_ms=order.created_ms,
        )
        self._vendor.execute(execution, (ORDER_ROW, order))

    def _new_id(self, now_ms: int, what: str) -> str:
        offset = {"order": 1 << 120, "trade": 2 << 120}[what]
        return str(UUID(int=offset + (now_ms << 32) + len(self._by_ref)))
