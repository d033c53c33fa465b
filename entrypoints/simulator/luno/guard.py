"""HTTP Basic over key and secret; three hundred calls a minute."""

import base64
import hmac
from collections.abc import Callable
from urllib.parse import parse_qsl

from aiohttp import web
from typing_extensions import override

from entrypoints.simulator.faults import FaultInvalid, FaultQueue
from entrypoints.simulator.guarding import Endpoint, Fields, Guard
from entrypoints.simulator.luno import errors
from entrypoints.simulator.luno.errors import VendorError
from entrypoints.simulator.luno.tickers import TICKER_PATH
from entrypoints.simulator.striking import Broken, TooMany
from entrypoints.simulator.vendor import Vendor
from entrypoints.simulator.windows import PerMinute

CALLS_PER_MINUTE = 300
FORM = "application/x-www-form-urlencoded"
PUBLIC = frozenset(("/api/exchange/1/markets", "/api/1/orderbook_top", TICKER_PATH))


class LunoGuard(Guard):
    def __init__(self, vendor: Vendor, left_behind: Callable[[Fields], FaultQueue | None]) -> None:
        super().__init__(vendor, left_behind)
        self._allowance = PerMinute(CALLS_PER_MINUTE) if vendor.rate_limits else None
        key, secret = vendor.credentials.api_key, vendor.credentials.api_secret
        self._genuine = b"Basic " + base64.b64encode(f"{key}:{secret}".encode())

    @override
    def admit(self, endpoint: Endpoint, request: web.Request, body: bytes) -> None:
        if self._allowance is not None:
            self._allowance.spend(self.vendor.clock.now_ms())
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if endpoint.path not in PUBLIC and not hmac.compare_digest(given, self._genuine):
            raise VendorError(errors.UNAUTHORISED)

    @override
    def check_time(self, request: web.Request, now_ms: int) -> None:
        """Only an order carries a time, and it says itself how late it may come."""

    @override
    def fields(self, request: web.Request, body: bytes) -> Fields:
        if request.method == "GET":
            return dict(request.query)
        content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
        if content_type != FORM:
            raise VendorError(errors.INVALID_ARGUMENTS, what="the body is not a form")
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError:
            raise VendorError(errors.INVALID_ARGUMENTS, what="the body is not a form") from None

    @override
    def failed(self, error: Exception, now_ms: int) -> web.Response:
        match error:
            case Broken(status=status):
                return VendorError(errors.INTERNAL, status=status).response()
            case TooMany(retry_after_s=seconds):
                headers = {"Retry-After": str(seconds)}
                return VendorError(errors.TOO_MANY, headers=headers).response()
            case FaultInvalid():
                return VendorError(errors.INVALID_ARGUMENTS, what=str(error)).response()
            case VendorError():
                return error.response()
            case _:
                raise error
