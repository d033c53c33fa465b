"""What every call passes before it is served: ban, key, weight, signature, faults, clock, params.

The vendor does not publish this order; the simulator keeps it so that nothing of a request is
believed before its signature is, except the key that names the account.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from entrypoints.simulator.binance_convert import errors, params
from entrypoints.simulator.binance_convert.errors import ErrorSpec, VendorError, refused
from entrypoints.simulator.binance_convert.limits import PER_MINUTE, Limiter, Per
from entrypoints.simulator.binance_convert.params import Params
from entrypoints.simulator.binance_convert.wire import check_signature, check_time, read_wire
from entrypoints.simulator.faults import SCENARIO_HEADER, Fault, FaultInvalid, FaultQueue, Stage
from entrypoints.simulator.striking import Banned, Broken, TooMany, asked_of, suffered
from entrypoints.simulator.vendor import Vendor

SIGNED_PARAMS = frozenset(("timestamp", "recvWindow"))
_KEY = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_NOTHING: Mapping[str, Fault] = {}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that passed. `now_ms` is the vendor's clock, skewed if it was told to be."""

    request: web.Request
    params: Params
    now_ms: int
    asked: list[Fault]
    faults: Mapping[str, Fault]


Handler = Callable[[web.Request], Awaitable[web.Response]]
Serve = Callable[[Call], Awaitable[web.Response]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`stage` None: no fault strikes here."""

    method: str
    path: str
    weight: int
    per: Per
    serve: Serve
    params: frozenset[str]
    stage: Stage | None = None
    signed: bool = True


class Guard:
    """`left_behind` finds the faults that an earlier header left for the quote of this call."""

    def __init__(self, vendor: Vendor, left_behind: Callable[[Params], FaultQueue | None]) -> None:
        self._vendor = vendor
        self._left_behind = left_behind
        self._secret = vendor.credentials.api_secret.encode()
        self._limiter = Limiter() if vendor.rate_limits else None

    def handler(self, endpoint: Endpoint) -> Handler:
        used_header = f"X-SAPI-USED-{endpoint.per}-WEIGHT-1M"

        async def handle(request: web.Request) -> web.Response:
            used: int | None = None
            try:
                used = self._admit(endpoint, request)
                response = await endpoint.serve(await self._call(endpoint, request))
            except VendorError as error:
                response = error.response()
            if used is not None:
                response.headers[used_header] = str(used)
            return response

        return handle

    def _admit(self, endpoint: Endpoint, request: web.Request) -> int | None:
        """The weight used in this minute, or None when limits are off."""
        address, now_ms = request.remote or "", self._vendor.clock.now_ms()
        if self._limiter is not None:
            self._limiter.check_ban(address, now_ms)
        if endpoint.signed:
            self._check_key(request)
        if self._limiter is None:
            return None
        subject = address if endpoint.per is Per.IP else self._vendor.credentials.api_key
        try:
            return self._limiter.spend(
                endpoint.path, endpoint.per, subject, endpoint.weight, now_ms
            )
        except VendorError:
            self._limiter.note_refusal(address, now_ms)
            raise

    def _check_key(self, request: web.Request) -> None:
        key = request.headers.get("X-MBX-APIKEY", "")
        if not _KEY.fullmatch(key):
            raise VendorError(errors.API_KEY_FORMAT)
        if key != self._vendor.credentials.api_key:
            raise VendorError(errors.API_KEY_REJECTED)

    async def _call(self, endpoint: Endpoint, request: web.Request) -> Call:
        wire = await read_wire(request)
        if endpoint.signed:
            check_signature(wire, self._secret)
        asked = self._asked(request)
        now_ms = self._vendor.clock.now_ms()
        faults = self._struck(endpoint, wire.params, asked, now_ms)
        if faults:
            now_ms = await self._suffer(faults, now_ms)
        known = endpoint.params
        if endpoint.signed:
            check_time(wire, now_ms)
            known = known | SIGNED_PARAMS
        params.refuse_unread(wire.params, known, unread_bodies=wire.unread_bodies)
        return Call(request=request, params=wire.params, now_ms=now_ms, asked=asked, faults=faults)

    def _asked(self, request: web.Request) -> list[Fault]:
        try:
            return asked_of(self._vendor, request)
        except FaultInvalid as error:
            spec = ErrorSpec(400, errors.INVALID_PARAMETER.code, "{param}: {why}")
            raise VendorError(spec, param=SCENARIO_HEADER, why=str(error)) from None

    def _struck(
        self, endpoint: Endpoint, sent: Params, asked: list[Fault], now_ms: int
    ) -> Mapping[str, Fault]:
        if endpoint.stage is None:
            return _NOTHING
        left = self._left_behind(sent)
        return self._vendor.faults.strike(endpoint.stage, asked, left, now_ms=now_ms)

    async def _suffer(self, faults: Mapping[str, Fault], now_ms: int) -> int:
        """The time it is by the vendor's clock, if the request survives."""
        try:
            return await suffered(self._vendor, faults, now_ms)
        except Broken as broken:
            unknown = errors.UNKNOWN
            raise VendorError(ErrorSpec(broken.status, unknown.code, unknown.msg)) from None
        except Banned as ban:
            seconds = ban.retry_after_s
            until_ms = now_ms + seconds * 1_000
            raise refused(errors.BANNED, retry_after_s=seconds, until_ms=until_ms) from None
        except TooMany as limited:
            raise refused(
                errors.TOO_MANY_REQUESTS,
                retry_after_s=limited.retry_after_s,
                limit=PER_MINUTE[Per.UID],
            ) from None
