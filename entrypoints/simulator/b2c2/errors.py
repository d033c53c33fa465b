"""The vendor's error table: HTTP 400 with a list of codes, unless it says otherwise here."""

import msgspec
from aiohttp import web

from entrypoints.simulator.guarding import Refused

JSON = "application/json"


class ErrorSpec(msgspec.Struct, frozen=True):
    code: int
    msg: str
    http: int = 400


UNKNOWN = ErrorSpec(1000, "Unknown error.", 500)
INSTRUMENT = ErrorSpec(1001, "The instrument is not allowed.")
PRICE_INVALID = ErrorSpec(1009, "The price is no longer valid.")
TOO_BIG = ErrorSpec(1010, "The quantity is too big.")
BALANCE = ErrorSpec(1011, "Not enough balance.")
RISK_EXPOSURE = ErrorSpec(1012, "The maximum risk exposure would be exceeded.")
DECIMALS = ErrorSpec(1015, "Too many decimals.")
ILLEGAL = ErrorSpec(1017, "Illegal parameter: {what}")
TOO_SMALL = ErrorSpec(1019, "The quantity is too small.")
VALID_UNTIL = ErrorSpec(1020, "valid_until is malformed.")
EXPIRED = ErrorSpec(1021, "The order has expired.")
ONLY_FOK = ErrorSpec(1023, "Only FOK orders.")
DUPLICATE = ErrorSpec(1100, "client_order_id was used before.")  # CHOSEN
REQUIRED = ErrorSpec(1101, "The field {what} is required.")
NOT_FOUND = ErrorSpec(1000, "Order not found.", 404)  # CHOSEN
TOO_MANY = ErrorSpec(1000, "Request was throttled.", 429)  # CHOSEN


class VendorError(Refused):
    """One row of the table, its blanks filled."""

    def __init__(self, spec: ErrorSpec, *, status: int | None = None, **blanks: str) -> None:
        super().__init__(spec.msg)
        self._status = spec.http if status is None else status
        self._error = {"code": spec.code, "message": spec.msg.format_map(blanks)}

    def response(self) -> web.Response:
        body = msgspec.json.encode({"errors": [self._error]})
        return web.Response(status=self._status, body=body, content_type=JSON)


def ok(answer: object, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type=JSON)
