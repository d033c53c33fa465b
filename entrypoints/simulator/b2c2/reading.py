"""instruments, order, trade, balance and account_info: all that can be asked without trading."""

import re
from decimal import Decimal

from aiohttp import web

from entrypoints.simulator.b2c2 import errors
from entrypoints.simulator.b2c2.catalog import (
    INSTRUMENTS,
    MAX_RISK_EXPOSURE,
    QUANTITY_PLACES,
    currency,
)
from entrypoints.simulator.b2c2.errors import VendorError, ok
from entrypoints.simulator.b2c2.orders import Orders
from entrypoints.simulator.b2c2.pricing import exposure
from entrypoints.simulator.b2c2.schemas import InstrumentView
from entrypoints.simulator.b2c2.trading import moment
from entrypoints.simulator.b2c2.views import order_view, to_quantity, trade_view
from entrypoints.simulator.decimals import plain
from entrypoints.simulator.guarding import Call
from entrypoints.simulator.vendor import Vendor

LIMIT_DEFAULT, LIMIT_MAX = "100", 1_000
_NUMBER = re.compile(r"[0-9]{1,9}")


class Reading:
    def __init__(self, vendor: Vendor, orders: Orders) -> None:
        self._vendor = vendor
        self._orders = orders

    async def instruments(self, _call: Call) -> web.Response:
        return ok(
            [
                InstrumentView(
                    name=name,
                    underlier=name.partition(".")[0],
                    quantity_precision=plain(Decimal(1).scaleb(-QUANTITY_PLACES)),
                    max_quantity_per_trade=plain(rule.maximum),
                    min_quantity_per_trade=plain(rule.minimum),
                    price_significant_digits=rule.digits,
                )
                for name, rule in INSTRUMENTS.items()
            ]
        )

    async def order(self, call: Call) -> web.Response:
        order = self._orders.by_ref(call.fields["client_order_id"])
        hidden = "lookup_404_then_found" in call.faults or "lookup_404_forever" in call.faults
        if order is None or hidden:
            raise VendorError(errors.NOT_FOUND)
        return ok(order_view(order))

    async def trades(self, call: Call) -> web.Response:
        """Oldest first; a cursor in the Link header leads to the next page."""
        fields = call.fields
        limit, cursor = fields.get("limit", LIMIT_DEFAULT), fields.get("cursor", "0")
        if not (_NUMBER.fullmatch(limit) and _NUMBER.fullmatch(cursor)):
            raise VendorError(errors.ILLEGAL, what="limit or cursor")
        if not 1 <= int(limit) <= LIMIT_MAX:
            raise VendorError(errors.ILLEGAL, what="limit")
        since_ms = moment(fields.get("created__gte", "1970-01-01T00:00:00Z"))
        until_ms = moment(fields.get("created__lt", "9999-01-01T00:00:00Z"))
        rows = [
            trade_view(order, order.executed_price)
            for order in self._orders.oldest_first()
            if order.executed_price is not None and since_ms <= order.created_ms < until_ms
        ]
        start, end = int(cursor), int(cursor) + int(limit)
        response = ok(rows[start:end])
        if end < len(rows):
            following = call.request.url.update_query(cursor=str(end))
            response.headers["Link"] = f'<{following}>; rel="next"'
        return response

    async def balance(self, _call: Call) -> web.Response:
        """Below zero we owe it."""
        held = self._vendor.account.balances().items()
        return ok({currency(asset): to_quantity(amount) for asset, amount in held})

    async def account_info(self, _call: Call) -> web.Response:
        owed = exposure(self._vendor, self._vendor.account.balances())
        largest = {
            f"{currency(rule.base).lower()}_max_qty_per_trade": plain(rule.maximum)
            for rule in INSTRUMENTS.values()
        }
        limit = plain(MAX_RISK_EXPOSURE)
        return ok({"risk_exposure": plain(owed), "max_risk_exposure": limit, **largest})
