"""Key, signature and clock in headers: HMAC over timestamp, key, window, and query or body."""

import hmac
import re
from collections.abc import Callable

import msgspec
from aiohttp import web
from typing_extensions import override

from entrypoints.simulator.bybit_convert import errors
from entrypoints.simulator.bybit_convert.errors import ErrorSpec, VendorError, told
from entrypoints.simulator.bybit_convert.limits import SECOND_MS, Limiter, TooManyVisits
from entrypoints.simulator.bybit_convert.tickers import TICKERS_PATH
from entrypoints.simulator.faults import FaultInvalid, FaultQueue
from entrypoints.simulator.guarding import Endpoint, Fields, Guard
from entrypoints.simulator.striking import Broken, TooMany
from entrypoints.simulator.vendor import Vendor

RECV_WINDOW_MS, AHEAD_MS_MAX = "5000", 1_000
PUBLIC = frozenset((TICKERS_PATH,))
RESET = "X-Bapi-Limit-Reset-Timestamp"
_NUMBER = re.compile(r"[0-9]{1,15}")
_decode = msgspec.json.Decoder(dict[str, str]).decode


class BybitGuard(Guard):
    def __init__(self, vendor: Vendor, left_behind: Callable[[Fields], FaultQueue | None]) -> None:
        super().__init__(vendor, left_behind)
        self._limiter = Limiter() if vendor.rate_limits else None

    @override
    def admit(self, endpoint: Endpoint, request: web.Request, body: bytes) -> None:
        if self._limiter is not None:
            now_ms = self.vendor.clock.now_ms()
            self._limiter.spend(endpoint.method, endpoint.path, now_ms)
        if endpoint.path in PUBLIC:
            return
        headers, credentials = request.headers, self.vendor.credentials
        if headers.get("X-BAPI-API-KEY") != credentials.api_key:
            raise VendorError(errors.KEY_INVALID)
        query = request.raw_path.partition("?")[2].encode("utf-8", "surrogateescape")
        payload = b"".join(
            (
                headers.get("X-BAPI-TIMESTAMP", "").encode(),
                credentials.api_key.encode(),
                headers.get("X-BAPI-RECV-WINDOW", RECV_WINDOW_MS).encode(),
                query if request.method == "GET" else body,
            )
        )
        genuine = hmac.digest(credentials.api_secret.encode(), payload, "sha256").hex()
        given = headers.get("X-BAPI-SIGN", "")
        if not hmac.compare_digest(genuine.encode(), given.encode()):
            raise VendorError(errors.SIGNATURE)

    @override
    def check_time(self, request: web.Request, now_ms: int) -> None:
        """Not older than the window, and less than a second ahead of us."""
        if request.path in PUBLIC:
            return
        sent = request.headers.get("X-BAPI-TIMESTAMP", "")
        window = request.headers.get("X-BAPI-RECV-WINDOW", RECV_WINDOW_MS)
        if not (_NUMBER.fullmatch(sent) and _NUMBER.fullmatch(window)):
            raise VendorError(errors.TIMESTAMP)
        if not now_ms - int(window) <= int(sent) < now_ms + AHEAD_MS_MAX:
            raise VendorError(errors.TIMESTAMP)

    @override
    def fields(self, request: web.Request, body: bytes) -> Fields:
        if request.method == "GET":
            return dict(request.query)
        try:
            return _decode(body)
        except msgspec.MsgspecError as error:
            raise VendorError(errors.PARAMETER, param=str(error)) from None

    @override
    def failed(self, error: Exception, now_ms: int) -> web.Response:
        match error:
            case Broken(status=status):
                return told(errors.SERVER, now_ms, status=status)
            case TooMany(retry_after_s=seconds):
                return self.failed(TooManyVisits(now_ms + seconds * SECOND_MS), now_ms)
            case FaultInvalid():
                return told(ErrorSpec(errors.PARAMETER.code, str(error)), now_ms)
            case TooManyVisits(reset_ms=reset_ms):
                answer = told(errors.TOO_MANY_VISITS, now_ms)
                answer.headers[RESET] = str(reset_ms)
                return answer
            case VendorError(spec=spec):
                return told(spec, now_ms)
            case _:
                raise error
