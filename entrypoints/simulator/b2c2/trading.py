"""request_for_quote and v2/order: a price that is good for a while, and orders at it."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from aiohttp import web

from entrypoints.simulator.b2c2 import errors
from entrypoints.simulator.b2c2.catalog import INSTRUMENTS, QUANTITY_PLACES, VALID_MS, Rule
from entrypoints.simulator.b2c2.errors import VendorError, ok
from entrypoints.simulator.b2c2.orders import Orders, Wanted
from entrypoints.simulator.b2c2.pricing import price_of
from entrypoints.simulator.b2c2.schemas import RfqView
from entrypoints.simulator.b2c2.views import order_view, to_price, to_quantity
from entrypoints.simulator.control import EPOCH, rfc3339
from entrypoints.simulator.decimals import parse_plain, places_of, times
from entrypoints.simulator.faults import FaultQueue, Stage
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.leftovers import Leftovers
from entrypoints.simulator.striking import silence_before, spoilt
from entrypoints.simulator.vendor import Vendor

SIDES = {"buy": True, "sell": False}
CREATED = 201
HALF, TWICE = Decimal("0.5"), Decimal(2)
_UNIT = re.compile(r"[ -~]{0,50}")
_BPS = re.compile(r"(1?[0-9]|20)(\.[0-9]{1,2})?")


class Trading:
    def __init__(self, vendor: Vendor, orders: Orders, leftovers: Leftovers) -> None:
        self._vendor = vendor
        self._orders = orders
        self._leftovers = leftovers
        self._quoted = 0

    async def request_for_quote(self, call: Call) -> web.Response:
        fields = call.fields
        client_rfq_id = _uuid(fields, "client_rfq_id")
        name, rule = _instrument(fields)
        buys, quantity = _side(fields), _quantity(call, rule)
        if "quote_insufficient_funds_no_id" in call.faults:
            raise VendorError(errors.BALANCE)
        if call.asked:
            queue = self._leftovers.of_market(name)
            now_ms = self._vendor.clock.now_ms()
            self._vendor.faults.leave(queue, call.asked, Stage.QUOTE, now_ms=now_ms)
        self._quoted += 1
        rfq = RfqView(
            valid_until=rfc3339(call.now_ms + VALID_MS),
            rfq_id=str(UUID(int=(call.now_ms << 32) + self._quoted)),
            client_rfq_id=client_rfq_id,
            quantity=to_quantity(quantity),
            side=fields["side"],
            instrument=name,
            price=to_price(price_of(self._vendor, rule, call.faults, buys=buys)),
        )
        return ok(rfq, status=CREATED)

    async def order(self, call: Call) -> web.Response:
        wanted = _order(call)
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
        answer = ok(order_view(order), status=CREATED)
        return await spoilt(self._vendor, call.request, call.faults, answer)


def _order(call: Call) -> Wanted:
    fields = call.fields
    if _required(fields, "order_type") != "FOK":
        raise VendorError(errors.ONLY_FOK)
    client_order_id = _uuid(fields, "client_order_id")
    name, rule = _instrument(fields)
    price = parse_plain(_required(fields, "price"))
    if not price:
        raise VendorError(errors.ILLEGAL, what="price")
    if not _BPS.fullmatch(fields.get("acceptable_slippage_in_basis_points", "0")):
        raise VendorError(errors.ILLEGAL, what="acceptable_slippage_in_basis_points")
    unit = fields.get("executing_unit", "")
    if not _UNIT.fullmatch(unit):
        raise VendorError(errors.ILLEGAL, what="executing_unit")
    return Wanted(
        client_order_id=client_order_id,
        instrument=name,
        buys=_side(fields),
        quantity=_quantity(call, rule),
        price=price,
        valid_until_ms=moment(_required(fields, "valid_until")),
        executing_unit=unit,
    )


def moment(text: str) -> int:
    """Milliseconds since 1970. Raises VendorError."""
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, TypeError):
        raise VendorError(errors.VALID_UNTIL) from None


def _quantity(call: Call, rule: Rule) -> Decimal:
    quantity = parse_plain(_required(call.fields, "quantity"))
    if not quantity:
        raise VendorError(errors.ILLEGAL, what="quantity")
    if places_of(quantity) > QUANTITY_PLACES:
        raise VendorError(errors.DECIMALS)
    minimum, maximum = rule.minimum, rule.maximum
    if (changed := call.faults.get("limits_changed")) is not None:
        if changed["below"]:
            minimum = times(quantity, TWICE)
        else:
            maximum = times(quantity, HALF)
    if quantity < minimum:
        raise VendorError(errors.TOO_SMALL)
    if quantity > maximum:
        raise VendorError(errors.TOO_BIG)
    return quantity


def _instrument(fields: Fields) -> tuple[str, Rule]:
    name = _required(fields, "instrument")
    rule = INSTRUMENTS.get(name)
    if rule is None:
        raise VendorError(errors.INSTRUMENT)
    return name, rule


def _side(fields: Fields) -> bool:
    side = SIDES.get(_required(fields, "side"))
    if side is None:
        raise VendorError(errors.ILLEGAL, what="side")
    return side


def _uuid(fields: Fields, name: str) -> str:
    try:
        return str(UUID(_required(fields, name)))
    except ValueError:
        raise VendorError(errors.ILLEGAL, what=name) from None


def _required(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not value:
        raise VendorError(errors.REQUIRED, what=name)
    return value
