"""A bearer secret and a profile; a hundred calls a minute."""

import hmac
from collections.abc import Callable

import msgspec
from aiohttp import web
from typing_extensions import override

from entrypoints.simulator.busha import errors
from entrypoints.simulator.busha.errors import VendorError
from entrypoints.simulator.faults import FaultInvalid, FaultQueue, Stage
from entrypoints.simulator.guarding import Endpoint, Fields, Guard
from entrypoints.simulator.striking import Broken, TooMany
from entrypoints.simulator.vendor import Vendor
from entrypoints.simulator.windows import PerMinute

CALLS_PER_MINUTE = 100
PROFILE = "X-BU-PROFILE-ID"
# Prices that anybody may see; whoever brings no key uses up nobody's allowance.
PAIRS_PATH = "/v1/pairs"
_decode = msgspec.json.Decoder(dict[str, str]).decode


class BushaGuard(Guard):
    def __init__(self, vendor: Vendor, left_behind: Callable[[Fields], FaultQueue | None]) -> None:
        super().__init__(vendor, left_behind)
        self._allowance = PerMinute(CALLS_PER_MINUTE) if vendor.rate_limits else None

    @override
    def admit(self, endpoint: Endpoint, request: web.Request, body: bytes) -> None:
        """The profile is that of the account: the key of another one does not open it."""
        if endpoint.path == PAIRS_PATH and "Authorization" not in request.headers:
            return
        if self._allowance is not None:
            self._allowance.spend(self.vendor.clock.now_ms())
        credentials = self.vendor.credentials
        genuine = f"Bearer {credentials.api_secret}".encode()
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        profile = request.headers.get(PROFILE, "")
        if not hmac.compare_digest(given, genuine) or profile != credentials.api_key:
            raise VendorError(errors.UNAUTHORIZED)

    @override
    def check_time(self, request: web.Request, now_ms: int) -> None:
        """No request carries a time."""

    @override
    def stage_of(self, endpoint: Endpoint, fields: Fields) -> Stage | None:
        """The transfers of one quote are the lookup of it; without one they are the history."""
        by_quote = endpoint.stage is Stage.HISTORY and fields.get("quote_id")
        return Stage.LOOKUP if by_quote else endpoint.stage

    @override
    def fields(self, request: web.Request, body: bytes) -> Fields:
        if request.method == "GET":
            return {**request.query, **request.match_info}
        try:
            return _decode(body)
        except msgspec.MsgspecError as error:
            raise VendorError(errors.INVALID_REQUEST, what=str(error)) from None

    @override
    def failed(self, error: Exception, now_ms: int) -> web.Response:
        match error:
            case Broken(status=status):
                return VendorError(errors.INTERNAL, status=status).response()
            case TooMany(retry_after_s=seconds):
                headers = {"Retry-After": str(seconds)}
                return VendorError(errors.TOO_MANY, headers=headers).response()
            case FaultInvalid():
                return VendorError(errors.INVALID_REQUEST, what=str(error)).response()
            case VendorError():
                return error.response()
            case _:
                raise error
