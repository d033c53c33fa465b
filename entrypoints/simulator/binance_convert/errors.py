"""The vendor's error table, as far as it is public, and what we chose where it is not.

-1xxx and -2xxx are the exchange's general codes. Convert's own table is not published: 345231 is
taken from the same vendor's OTC portal. The codes marked CHOSEN exist in no document; an adapter
must not read more into them than "refused, and here is why".
"""

from collections.abc import Mapping

import msgspec
from aiohttp import web

JSON = "application/json"


class ErrorSpec(msgspec.Struct, frozen=True):
    http: int
    code: int
    msg: str


UNKNOWN = ErrorSpec(503, -1000, "An unknown error occurred while processing the request.")
TOO_MANY_REQUESTS = ErrorSpec(
    429, -1003, "Too many requests; current limit is {limit} request weight per 1 MINUTE."
)
BANNED = ErrorSpec(418, -1003, "Way too many requests; IP banned until {until_ms}.")
TIMESTAMP_OUTSIDE = ErrorSpec(
    400, -1021, "Timestamp for this request is outside of the recvWindow."
)
TIMESTAMP_AHEAD = ErrorSpec(
    400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."
)
SIGNATURE_INVALID = ErrorSpec(400, -1022, "Signature for this request is not valid.")
ILLEGAL_CHARACTERS = ErrorSpec(400, -1100, "Illegal characters found in parameter '{param}'.")
DUPLICATE_PARAMETER = ErrorSpec(400, -1101, "Duplicate values for parameter '{param}' detected.")
PARAMETER_MISSING = ErrorSpec(
    400, -1102, "Mandatory parameter '{param}' was not sent, was empty/null, or malformed."
)
UNREAD_PARAMETERS = ErrorSpec(
    400,
    -1104,
    "Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
)
PRECISION = ErrorSpec(400, -1111, "Precision is over the maximum defined for this asset.")
INVALID_PAIR = ErrorSpec(400, -1121, "Invalid symbol.")
INTERVAL_TOO_BIG = ErrorSpec(400, -1127, "Lookup interval is too big.")
OPTIONAL_PARAMETERS = ErrorSpec(400, -1128, "Combination of optional parameters invalid.")
INVALID_PARAMETER = ErrorSpec(400, -1130, "Data sent for parameter '{param}' is not valid.")
RECV_WINDOW = ErrorSpec(400, -1131, "recvWindow must be less than 60000.")
ORDER_NOT_FOUND = ErrorSpec(400, -2013, "Order does not exist.")  # CHOSEN for Convert's orderStatus
API_KEY_FORMAT = ErrorSpec(401, -2014, "API-key format invalid.")
API_KEY_REJECTED = ErrorSpec(401, -2015, "Invalid API-key, IP, or permissions for action.")
QUOTE_EXPIRED = ErrorSpec(
    400,
    345231,
    "System failed to execute the quote, which has expired. Please request for quote again.",
)
QUOTE_UNKNOWN = ErrorSpec(400, 345230, "The quote does not exist.")  # CHOSEN
QUOTE_USED = ErrorSpec(400, 345232, "The quote has been accepted already.")  # CHOSEN
BALANCE_INSUFFICIENT = ErrorSpec(400, 345233, "Insufficient balance.")  # CHOSEN
AMOUNT_TOO_SMALL = ErrorSpec(
    400, 345238, "The amount of {asset} is below the minimum of {limit}."
)  # CHOSEN
AMOUNT_TOO_LARGE = ErrorSpec(
    400, 345239, "The amount of {asset} is above the maximum of {limit}."
)  # CHOSEN


class VendorError(Exception):
    """One row of the table, its blanks filled, and the headers that go with it."""

    def __init__(
        self, spec: ErrorSpec, *, headers: Mapping[str, str] | None = None, **blanks: str | int
    ) -> None:
        super().__init__(spec.msg)
        self.spec = spec
        self._headers = headers
        self._msg = spec.msg.format_map(blanks)

    def response(self) -> web.Response:
        return web.Response(
            status=self.spec.http,
            headers=self._headers,
            body=msgspec.json.encode({"code": self.spec.code, "msg": self._msg}),
            content_type=JSON,
        )


def refused(spec: ErrorSpec, *, retry_after_s: int, **blanks: str | int) -> VendorError:
    return VendorError(spec, headers={"Retry-After": str(retry_after_s)}, **blanks)


def ok(answer: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type=JSON)
