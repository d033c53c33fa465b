"""The control surface, the same on every simulator: faults, prices, balances, what was executed.

It has no authentication: a simulator belongs on the loopback interface of a sandbox.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from aiohttp import web

from entrypoints.simulator.account import Execution
from entrypoints.simulator.decimals import parse_plain, places_of, plain, plus, times
from entrypoints.simulator.faults import Armed, FaultInvalid
from entrypoints.simulator.market import Book, Instrument, UnknownInstrument
from entrypoints.simulator.vendor import Vendor

CONTROL_PREFIX = "/_control"
COUNT_MAX = 1_000_000
PRICE_DIGITS = 12  # before the point and behind it
HALF = Decimal("0.5")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Handler = Callable[[web.Request], Awaitable[web.Response]]


class SetPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`price` is a mid price that gets the instrument's spread; or both `bid` and `ask`."""

    instrument: str
    price: str | None = None
    bid: str | None = None
    ask: str | None = None


class SetBalance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asset: str
    amount: str


class Refused(Exception):
    """The caller's mistake, in words."""


def answer(body: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


def control_routes(vendor: Vendor, *, dialect: str, seed: int) -> list[web.RouteDef]:
    control = Control(vendor, dialect=dialect, seed=seed)
    path = CONTROL_PREFIX
    return [
        web.get(f"{path}/health", control.health),
        web.post(f"{path}/faults", told(control.arm)),
        web.get(f"{path}/faults", control.armed),
        web.delete(f"{path}/faults", control.disarm),
        web.get(f"{path}/executions", control.executions),
        web.post(f"{path}/prices", told(control.set_price)),
        web.get(f"{path}/prices", control.prices),
        web.delete(f"{path}/prices", control.release_prices),
        web.post(f"{path}/balances", told(control.set_balance)),
        web.get(f"{path}/balances", control.balances),
    ]


def told(handler: Handler) -> Handler:
    """Answers 400 with the reason when the caller asked for something that does not exist."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except (Refused, FaultInvalid, msgspec.MsgspecError) as error:
            return answer({"error": str(error)}, status=400)

    return handle


class Control:
    def __init__(self, vendor: Vendor, *, dialect: str, seed: int) -> None:
        self._vendor = vendor
        self._dialect = dialect
        self._seed = seed

    async def health(self, _request: web.Request) -> web.Response:
        now_ms = self._vendor.clock.now_ms()
        return answer({"dialect": self._dialect, "seed": self._seed, "now": rfc3339(now_ms)})

    async def arm(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=dict[str, str | int | None])
        name, count = asked.pop("fault", None), asked.pop("count", None)
        if not isinstance(name, str):
            known = ", ".join(sorted(self._vendor.faults.specs))
            raise Refused(f"fault is missing; known: {known}")
        if count is not None and not (isinstance(count, int) and 1 <= count <= COUNT_MAX):
            raise Refused(f"count is a whole number from 1 to {COUNT_MAX}")
        params = {key: value for key, value in asked.items() if isinstance(value, int)}
        if len(params) < len(asked):
            raise Refused("parameters of faults are whole numbers")
        book = self._vendor.faults
        fault = book.fault(name, params)
        armed = book.queue.arm(
            fault, count=book.calls(fault, count), now_ms=self._vendor.clock.now_ms()
        )
        return answer(fault_view(armed), status=201)

    async def armed(self, _request: web.Request) -> web.Response:
        book = self._vendor.faults
        known = [
            {
                "fault": spec.name,
                "stages": sorted(spec.stages),
                "params": dict(spec.params),
                "says": spec.says,
            }
            for spec in book.specs.values()
        ]
        return answer({"data": [fault_view(armed) for armed in book.queue], "known": known})

    async def disarm(self, _request: web.Request) -> web.Response:
        self._vendor.faults.queue.clear()
        return answer({"data": []})

    async def executions(self, request: web.Request) -> web.Response:
        quote_id = request.query.get("quote_id")
        found = (
            execution
            for execution in self._vendor.executions
            if quote_id is None or execution.quote_id == quote_id
        )
        return answer({"data": [execution_view(execution) for execution in found]})

    async def set_price(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=SetPrice)
        market = self._vendor.market
        try:
            instrument = market.instrument(asked.instrument)
        except UnknownInstrument:
            known = ", ".join(each.symbol for each in market)
            raise Refused(f"unknown instrument {asked.instrument!r}; known: {known}") from None
        market.hold(instrument, self._book(asked, instrument))
        return answer(self._price_view(instrument), status=201)

    def _book(self, asked: SetPrice, instrument: Instrument) -> Book:
        if asked.price is not None and asked.bid is None and asked.ask is None:
            book = self._vendor.market.around(instrument, positive("price", asked.price))
            if not book.bid:
                raise Refused("price is below one tick")
            return book
        if asked.price is None and asked.bid is not None and asked.ask is not None:
            bid, ask = positive("bid", asked.bid), positive("ask", asked.ask)
            if bid > ask:
                raise Refused("bid is above ask")
            return Book(bid=bid, mid=times(plus(bid, ask), HALF), ask=ask)
        raise Refused("give price, or both bid and ask")

    async def prices(self, _request: web.Request) -> web.Response:
        return answer({"data": [self._price_view(each) for each in self._vendor.market]})

    async def release_prices(self, request: web.Request) -> web.Response:
        self._vendor.market.release()
        return await self.prices(request)

    def _price_view(self, instrument: Instrument) -> dict[str, str]:
        book = self._vendor.market.book(instrument, self._vendor.clock.now_ms())
        return {
            "instrument": instrument.symbol,
            "bid": plain(book.bid),
            "mid": plain(book.mid),
            "ask": plain(book.ask),
        }

    async def set_balance(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=SetBalance)
        amount = parse_plain(asked.amount)
        if amount is None:
            raise Refused("amount is a plain decimal, not negative")
        self._vendor.set_balance(asked.asset, amount)
        return answer({"asset": asked.asset, "available": plain(amount)}, status=201)

    async def balances(self, _request: web.Request) -> web.Response:
        held = self._vendor.account.balances().items()
        data = [{"asset": asset, "available": plain(amount)} for asset, amount in sorted(held)]
        return answer({"data": data})


def positive(name: str, text: str) -> Decimal:
    value = parse_plain(text)
    if not value or value.adjusted() >= PRICE_DIGITS or places_of(value) > PRICE_DIGITS:
        raise Refused(f"{name} is a plain decimal above zero, of {PRICE_DIGITS} + {PRICE_DIGITS}")
    return value


def fault_view(armed: Armed) -> dict[str, object]:
    view: dict[str, object] = {"fault": armed.fault.name, "count": armed.remaining}
    if armed.until_ms is not None:
        view["until"] = rfc3339(armed.until_ms)
    return view | {"params": dict(armed.fault.params)}


def execution_view(execution: Execution) -> dict[str, object]:
    legs = [{"asset": leg.asset, "amount": plain(leg.amount)} for leg in execution.legs]
    return {
        "id": execution.id,
        "quote_id": execution.quote_id,
        "client_ref": execution.client_ref,
        "legs": legs,
        "executed_at": rfc3339(execution.executed_ms),
    }


def rfc3339(ms: int) -> str:
    text = (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
