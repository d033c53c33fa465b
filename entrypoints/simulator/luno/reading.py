"""What can be asked: markets, book, fees, orders, balances."""

from decimal import Decimal

from aiohttp import web

from entrypoints.simulator.decimals import ZERO, plain
from entrypoints.simulator.faults import Stage
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.leftovers import Leftovers
from entrypoints.simulator.luno import errors
from entrypoints.simulator.luno.book import Level, depth_of
from entrypoints.simulator.luno.catalog import (
    ACCOUNTS,
    FEE_SCALE,
    MAKER_FEE,
    MARKETS,
    OURS,
    TAKER_FEE,
    MarketRule,
)
from entrypoints.simulator.luno.errors import VendorError, ok
from entrypoints.simulator.luno.orders import Order, Orders
from entrypoints.simulator.luno.schemas import (
    Balance,
    Balances,
    BookLevel,
    FeeInfo,
    Listed,
    Markets,
    MarketView,
    OrderView,
    TopOfBook,
)
from entrypoints.simulator.orders import Shown
from entrypoints.simulator.vendor import Vendor

LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000
WORDS = {
    Shown.PENDING: "AWAITING",
    Shown.LAST_PENDING: "PENDING",
    Shown.FILLED: "COMPLETE",
    Shown.FAILED: "COMPLETE",
    Shown.UNDOCUMENTED: "SETTLING",
}
OPEN = frozenset((Shown.PENDING, Shown.LAST_PENDING))


class Reading:
    def __init__(self, vendor: Vendor, orders: Orders, leftovers: Leftovers) -> None:
        self._vendor = vendor
        self._orders = orders
        self._leftovers = leftovers

    async def markets(self, call: Call) -> web.Response:
        wanted = call.fields.get("pair")
        pairs = wanted.split(",") if wanted else list(MARKETS)
        return ok(Markets([market_view(each, _rule(each)) for each in pairs]))

    async def top_of_book(self, call: Call) -> web.Response:
        pair = call.fields.get("pair", "")
        depth = depth_of(self._vendor, _rule(pair), call.faults)
        if call.asked:
            queue = self._leftovers.of_market(pair)
            self._vendor.faults.leave(queue, call.asked, Stage.QUOTE, now_ms=call.now_ms)
        return ok(
            TopOfBook(
                timestamp=call.now_ms,
                bids=[_level(each) for each in depth.bids],
                asks=[_level(each) for each in depth.asks],
            )
        )

    async def fee_info(self, call: Call) -> web.Response:
        _rule(call.fields.get("pair", ""))
        return ok(FeeInfo(_fee(MAKER_FEE), _fee(TAKER_FEE), "0"))

    async def order(self, call: Call) -> web.Response:
        found = self._asked_for(call.fields)
        hidden = "lookup_404_then_found" in call.faults or "lookup_404_forever" in call.faults
        if found is None or hidden:
            raise VendorError(errors.ORDER_NOT_FOUND)
        return ok(order_view(found, found.look()))

    async def list_orders(self, call: Call) -> web.Response:
        """Newest first; open ones unless `closed`."""
        closed = call.fields.get("closed") == "true"
        pair, before_ms = call.fields.get("pair"), _number(call.fields, "created_before", 0)
        limit = _number(call.fields, "limit", LIMIT_DEFAULT)
        if not 1 <= limit <= LIMIT_MAX:
            raise VendorError(errors.INVALID_ARGUMENTS, what="limit")
        found = [
            order_view(each, each.shown())
            for each in self._orders.newest_first()
            if (each.shown() not in OPEN) == closed
            and pair in {None, "", each.wanted.pair}
            and (not before_ms or each.created_ms < before_ms)
        ]
        return ok(Listed(found[:limit]))

    async def balance(self, _call: Call) -> web.Response:
        held = self._vendor.account
        return ok(
            Balances(
                [
                    Balance(
                        account_id=number,
                        asset=asset,
                        balance=plain(held.available(OURS.get(asset, asset))),
                    )
                    for asset, number in ACCOUNTS.items()
                ]
            )
        )

    def _asked_for(self, fields: Fields) -> Order | None:
        order_id, ref = fields.get("id"), fields.get("client_order_id")
        if bool(order_id) == bool(ref):
            raise VendorError(errors.INVALID_ARGUMENTS, what="id or client_order_id")
        return self._orders.by_id(order_id) if order_id else self._orders.by_ref(ref or "")


def order_view(order: Order, shown: Shown) -> OrderView:
    hidden = shown in OPEN

    def told(amount: Decimal) -> str:
        return plain(ZERO if hidden else amount)

    wanted = order.wanted
    return OrderView(
        order_id=order.order_id,
        client_order_id=wanted.client_order_id,
        pair=wanted.pair,
        side="BUY" if wanted.buys else "SELL",
        status=WORDS[shown],
        limit_price=plain(wanted.price),
        limit_volume=plain(wanted.volume),
        creation_timestamp=order.created_ms,
        completed_timestamp=0 if hidden else order.created_ms,
        base_account_id=int(ACCOUNTS[wanted.rule.base]),
        counter_account_id=int(ACCOUNTS[wanted.rule.counter]),
        base=told(order.base),
        counter=told(order.counter),
        fee_base=told(order.fee_base),
        fee_counter=told(order.fee_counter),
    )


def market_view(pair: str, rule: MarketRule) -> MarketView:
    return MarketView(
        market_id=pair,
        base_currency=rule.base,
        counter_currency=rule.counter,
        min_volume=plain(rule.min_volume),
        max_volume=plain(rule.max_volume),
        volume_scale=rule.volume_scale,
        min_price=plain(rule.min_price),
        max_price=plain(rule.max_price),
        price_scale=rule.price_scale,
    )


def _rule(pair: str) -> MarketRule:
    rule = MARKETS.get(pair)
    if rule is None:
        raise VendorError(errors.MARKET_UNAVAILABLE)
    return rule


def _number(fields: Fields, name: str, default: int) -> int:
    text = fields.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise VendorError(errors.INVALID_ARGUMENTS, what=name)
    return int(text)


def _level(level: Level) -> BookLevel:
    return BookLevel(plain(level.price), plain(level.volume))


def _fee(rate: Decimal) -> str:
    return f"{rate:.{FEE_SCALE}f}"
