"""What every call passes before it is served, in the dialect's own words.

The order is the same everywhere: nothing of a request is believed before its signature is, and only
a genuine request uses an armed fault up.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from entrypoints.simulator.faults import Fault, FaultInvalid, FaultQueue, Stage
from entrypoints.simulator.striking import Broken, TooMany, asked_of, suffered
from entrypoints.simulator.vendor import Vendor

_NOTHING: Mapping[str, Fault] = {}

Fields = Mapping[str, str]


class Refused(Exception):
    """Base of every dialect's own row of its error table."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that passed. `now_ms` is the vendor's clock, skewed if it was told to be."""

    request: web.Request
    fields: Fields
    now_ms: int
    asked: list[Fault]
    faults: Mapping[str, Fault]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`stage` None: no fault strikes here."""

    method: str
    path: str
    serve: Callable[[Call], Awaitable[web.Response]]
    stage: Stage | None = None


class Guard(ABC):
    """`left_behind` finds the faults that an earlier header left for what this call is about."""

    def __init__(self, vendor: Vendor, left_behind: Callable[[Fields], FaultQueue | None]) -> None:
        self.vendor = vendor
        self._left_behind = left_behind

    @abstractmethod
    def admit(self, endpoint: Endpoint, request: web.Request, body: bytes) -> None:
        """Key, signature and allowance. Raises Refused."""

    @abstractmethod
    def check_time(self, request: web.Request, now_ms: int) -> None:
        """Raises Refused."""

    @abstractmethod
    def fields(self, request: web.Request, body: bytes) -> Fields:
        """Parameters of query and body. Raises Refused."""

    @abstractmethod
    def failed(self, error: Exception, now_ms: int) -> web.Response:
        """The dialect's answer to Refused, FaultInvalid, Broken, TooMany and Banned."""

    def stage_of(self, endpoint: Endpoint, _fields: Fields) -> Stage | None:
        """Overridden where one path is the lookup of one and the history of all."""
        return endpoint.stage

    def route(self, endpoint: Endpoint) -> web.RouteDef:
        async def handle(request: web.Request) -> web.Response:
            try:
                return await endpoint.serve(await self._call(endpoint, request))
            except (Refused, FaultInvalid, Broken, TooMany) as error:
                return self.failed(error, self.vendor.clock.now_ms())

        if endpoint.method == "GET":
            return web.get(endpoint.path, handle, allow_head=False)
        return web.route(endpoint.method, endpoint.path, handle)

    async def _call(self, endpoint: Endpoint, request: web.Request) -> Call:
        body = await request.read()
        self.admit(endpoint, request, body)
        asked = asked_of(self.vendor, request)
        fields = self.fields(request, body)
        now_ms = self.vendor.clock.now_ms()
        faults, stage = _NOTHING, self.stage_of(endpoint, fields)
        if stage is not None:
            left = self._left_behind(fields)
            faults = self.vendor.faults.strike(stage, asked, left, now_ms=now_ms)
        if faults:
            now_ms = await suffered(self.vendor, faults, now_ms)
        self.check_time(request, now_ms)
        return Call(request=request, fields=fields, now_ms=now_ms, asked=asked, faults=faults)
