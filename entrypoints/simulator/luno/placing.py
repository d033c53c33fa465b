"""postorder: reads an order, places it, and can lose the answer in every way."""

import re
from decimal import Decimal

from aiohttp import web

from entrypoints.simulator.decimals import parse_plain, places_of
from entrypoints.simulator.faults import FaultQueue, Stage
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.leftovers import Leftovers
from entrypoints.simulator.luno import errors
from entrypoints.simulator.luno.catalog import MARKETS
from entrypoints.simulator.luno.errors import VendorError, ok
from entrypoints.simulator.luno.orders import Orders, Wanted
from entrypoints.simulator.luno.schemas import Placed
from entrypoints.simulator.striking import silence_before, spoilt
from entrypoints.simulator.vendor import Vendor

TYPES = {"BID": True, "ASK": False}
_REF = re.compile(r"[A-Za-z0-9_\-]{0,255}")
_NUMBER = re.compile(r"[0-9]{1,15}")


class Placing:
    def __init__(self, vendor: Vendor, orders: Orders, leftovers: Leftovers) -> None:
        self._vendor = vendor
        self._orders = orders
        self._leftovers = leftovers

    async def post_order(self, call: Call) -> web.Response:
        wanted = read_order(call.fields)
        if call.asked:
            queue = self._leftovers.of_order(wanted.client_order_id) or FaultQueue()
            now_ms = self._vendor.clock.now_ms()
            self._vendor.faults.leave(queue, call.asked, Stage.EXECUTE, now_ms=now_ms)
            self._leftovers.keep(wanted.client_order_id, queue)
        silent = await silence_before(self._vendor, call.request, call.faults)
        if silent is not None:
            return silent
        order = self._orders.place(wanted, call.faults, call.now_ms)
        if "duplicate_execute" in call.faults:
            raise VendorError(errors.DUPLICATE)
        answer = ok(Placed(order.order_id))
        return await spoilt(self._vendor, call.request, call.faults, answer)


def read_order(fields: Fields) -> Wanted:
    """Raises VendorError."""
    pair = fields.get("pair", "")
    rule = MARKETS.get(pair)
    if rule is None:
        raise VendorError(errors.MARKET_UNAVAILABLE)
    if fields.get("type") not in TYPES:
        raise _invalid("type")
    if fields.get("time_in_force") != "FOK":
        raise _invalid("time_in_force")
    price = _amount(fields, "price", rule.price_scale)
    volume = _amount(fields, "volume", rule.volume_scale)
    if not rule.min_price <= price <= rule.max_price:
        raise _invalid("price")
    if volume < rule.min_volume:
        raise VendorError(errors.VOLUME_TOO_LOW)
    if volume > rule.max_volume:
        raise VendorError(errors.VOLUME_TOO_HIGH)
    ref = fields.get("client_order_id", "")
    if not _REF.fullmatch(ref):
        raise _invalid("client_order_id")
    sent, ttl = _whole(fields, "timestamp"), _whole(fields, "ttl")
    return Wanted(
        pair=pair,
        buys=TYPES[fields["type"]],
        price=price,
        volume=volume,
        client_order_id=ref,
        # Without a timestamp the vendor does not look at ttl.
        valid_until_ms=None if sent is None or ttl is None else sent + ttl,
    )


def _amount(fields: Fields, name: str, scale: int) -> Decimal:
    value = parse_plain(fields.get(name, ""))
    if not value or places_of(value) > scale:
        raise _invalid(name)
    return value


def _whole(fields: Fields, name: str) -> int | None:
    text = fields.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise _invalid(name)
    return int(text)


def _invalid(what: str) -> VendorError:
    return VendorError(errors.INVALID_ARGUMENTS, what=what)
