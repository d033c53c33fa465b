"""The vendor's error table. A refusal is HTTP 200 with a `retCode` that is not zero."""

import msgspec
from aiohttp import web

from entrypoints.simulator.guarding import Refused

JSON = "application/json"


class ErrorSpec(msgspec.Struct, frozen=True):
    code: int
    msg: str


CATEGORY = ErrorSpec(10001, "params error: category")
SYMBOL = ErrorSpec(10001, "params error: symbol invalid")
TIMESTAMP = ErrorSpec(10002, "invalid request, please check your server timestamp or recv_window")
KEY_INVALID = ErrorSpec(10003, "API key is invalid.")
SIGNATURE = ErrorSpec(10004, "error sign! please check your signature generation algorithm.")
TOO_MANY_VISITS = ErrorSpec(10006, "Too many visits!")
SERVER = ErrorSpec(10016, "Server error.")
PRICE_MOVED = ErrorSpec(32024, "exceeds exchange threshold")
PARAMETER = ErrorSpec(700000, "parameter error: {param}")
NO_DEALER = ErrorSpec(700001, "quote fail: no dealer can be used")
NOT_FOUND = ErrorSpec(700004, "order not found")
BALANCE = ErrorSpec(700005, "balance not enough")
BELOW_MINIMUM = ErrorSpec(700006, "amount below the minimum of {limit}")
ABOVE_MAXIMUM = ErrorSpec(700007, "amount above the maximum of {limit}")
TIMED_OUT = ErrorSpec(700008, "quote fail: price time out")
USED = ErrorSpec(700009, "quoteTxId has already been used")


class VendorError(Refused):
    """One row of the table, its blanks filled."""

    def __init__(self, spec: ErrorSpec, **blanks: str) -> None:
        super().__init__(spec.msg)
        self.spec = ErrorSpec(spec.code, spec.msg.format_map(blanks))


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    ret_code: int
    ret_msg: str
    result: object
    ret_ext_info: dict[str, str] = {}
    time: int


def ok(result: object, now_ms: int) -> web.Response:
    return _envelope(Envelope(ret_code=0, ret_msg="ok", result=result, time=now_ms))


def told(spec: ErrorSpec, now_ms: int, *, status: int = 200) -> web.Response:
    told = Envelope(ret_code=spec.code, ret_msg=spec.msg, result={}, time=now_ms)
    return _envelope(told, status=status)


def _envelope(envelope: Envelope, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(envelope), content_type=JSON)
