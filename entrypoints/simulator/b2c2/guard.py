"""A token in a header, and nothing signed: the vendor relies on the addresses it lets in."""

import hmac

import msgspec
from aiohttp import web
from typing_extensions import override

from entrypoints.simulator.b2c2 import errors
from entrypoints.simulator.b2c2.errors import VendorError, ok
from entrypoints.simulator.faults import FaultInvalid
from entrypoints.simulator.guarding import Endpoint, Fields, Guard, Refused
from entrypoints.simulator.striking import Broken, TooMany

_decode = msgspec.json.Decoder(dict[str, str | None]).decode


class Unauthorised(Refused):
    """No token of ours. The answer has no code."""


class B2c2Guard(Guard):
    @override
    def admit(self, endpoint: Endpoint, request: web.Request, body: bytes) -> None:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        genuine = f"Token {self.vendor.credentials.api_secret}".encode()
        if not hmac.compare_digest(given, genuine):
            raise Unauthorised

    @override
    def check_time(self, request: web.Request, now_ms: int) -> None:
        """Only an order carries a time, and it says itself how late it may come."""

    @override
    def fields(self, request: web.Request, body: bytes) -> Fields:
        if request.method == "GET":
            return {**request.query, **request.match_info}
        try:
            return {name: value for name, value in _decode(body).items() if value is not None}
        except msgspec.MsgspecError as error:
            raise VendorError(errors.ILLEGAL, what=str(error)) from None

    @override
    def failed(self, error: Exception, now_ms: int) -> web.Response:
        match error:
            case Unauthorised():
                return ok({"detail": "Invalid token."}, status=401)
            case Broken(status=status):
                return VendorError(errors.UNKNOWN, status=status).response()
            case TooMany(retry_after_s=seconds):
                response = VendorError(errors.TOO_MANY).response()
                response.headers["Retry-After"] = str(seconds)
                return response
            case FaultInvalid():
                return VendorError(errors.ILLEGAL, what=str(error)).response()
            case VendorError():
                return error.response()
            case _:
                raise error
