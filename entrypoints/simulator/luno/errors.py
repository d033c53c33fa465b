"""The vendor's error codes. It publishes few of them; those marked CHOSEN are in no document."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from entrypoints.simulator.guarding import Refused

JSON = "application/json"


class ErrorSpec(msgspec.Struct, frozen=True):
    http: int
    code: str
    text: str


class ErrorBody(msgspec.Struct, frozen=True):
    error: str
    error_code: str


UNAUTHORISED = ErrorSpec(401, "ErrUnauthorised", "The API key is invalid.")  # CHOSEN
INVALID_ARGUMENTS = ErrorSpec(400, "ErrInvalidArguments", "Invalid argument: {what}")  # CHOSEN
ORDER_NOT_FOUND = ErrorSpec(404, "ErrOrderNotFound", "Order not found.")
DUPLICATE = ErrorSpec(409, "ErrDuplicateClientOrderID", "Duplicate client order ID")
DEADLINE = ErrorSpec(400, "ErrDeadlineExceeded", "The deadline of the request has passed.")
INTERNAL = ErrorSpec(500, "ErrInternal", "Something went wrong.")
TOO_MANY = ErrorSpec(429, "ErrTooManyRequests", "Too many requests.")
MARKET_UNAVAILABLE = ErrorSpec(400, "ErrMarketUnavailable", "This market does not exist.")
INSUFFICIENT_FUNDS = ErrorSpec(400, "ErrInsufficientFunds", "Insufficient funds.")
VOLUME_TOO_LOW = ErrorSpec(400, "ErrVolumeTooLow", "The volume is below the minimum.")
VOLUME_TOO_HIGH = ErrorSpec(400, "ErrVolumeTooHigh", "The volume is above the maximum.")


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
        body = ErrorBody(self._text, self.spec.code)
        return web.Response(
            status=self._status,
            headers=self._headers,
            body=msgspec.json.encode(body),
            content_type=JSON,
        )


def ok(answer: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type=JSON)
