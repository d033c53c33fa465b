"""How Busha refuses. Its documents show no error table: every name here is our choice."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from entrypoints.simulator.guarding import Refused

JSON = "application/json"


class ErrorSpec(msgspec.Struct, frozen=True):
    http: int
    code: str
    text: str


class Told(msgspec.Struct, frozen=True):
    name: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True):
    error: Told
    status: str = "error"


class Success(msgspec.Struct, frozen=True):
    data: object
    status: str = "success"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`next_cursor` is empty on the last page."""

    status: str = "success"
    data: object
    next_cursor: str


UNAUTHORIZED = ErrorSpec(401, "unauthorized", "The secret key is not valid.")
INVALID_REQUEST = ErrorSpec(400, "invalid_request", "Invalid value: {what}")
UNSUPPORTED_PAIR = ErrorSpec(400, "unsupported_pair", "This pair cannot be converted.")
AMOUNT_TOO_SMALL = ErrorSpec(400, "amount_below_minimum", "The minimum is {limit}.")
AMOUNT_TOO_LARGE = ErrorSpec(400, "amount_above_maximum", "The maximum is {limit}.")
QUOTE_NOT_FOUND = ErrorSpec(404, "quote_not_found", "The quote does not exist.")
QUOTE_USED = ErrorSpec(409, "quote_already_used", "The quote has a transfer already.")
BALANCE = ErrorSpec(400, "insufficient_balance", "The balance is not sufficient.")
TRANSFER_NOT_FOUND = ErrorSpec(404, "transfer_not_found", "The transfer does not exist.")
TOO_MANY = ErrorSpec(429, "rate_limited", "Too many requests.")
INTERNAL = ErrorSpec(500, "internal_error", "Something went wrong.")


class VendorError(Refused):
    """One row of the table, its blanks filled."""

    def __init__(
        self,
        spec: ErrorSpec,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **blanks: str,
    ) -> None:
        super().__init__(spec.code)
        self.spec = spec
        self._status = spec.http if status is None else status
        self._headers = headers
        self._text = spec.text.format_map(blanks)

    def response(self) -> web.Response:
        return _json(
            ErrorBody(Told(self.spec.code, self._text)),
            status=self._status,
            headers=self._headers,
        )


def ok(data: object) -> web.Response:
    return _json(Success(data))


def page(data: object, *, next_cursor: str) -> web.Response:
    return _json(Page(data=data, next_cursor=next_cursor))


def _json(
    answer: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = msgspec.json.encode(answer)
    return web.Response(status=status, headers=headers, body=body, content_type=JSON)
