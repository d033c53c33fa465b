"""What happens to every request, in this order: limit, caller, scope, key, body, handler.

Errors of every step end here, are logged at most once, and become problems.
"""

import os
import re
from itertools import count
from time import perf_counter_ns
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from litestar.types import HTTPScope, Receive

from application.idempotency import fingerprint
from application.ports.idempotency import IdempotentRequest
from domain.shared.errors import InvariantViolation
from domain.shared.ids import IdInvalid, decode_id
from entrypoints.http.auth import authorize
from entrypoints.http.metrics import Metrics
from entrypoints.http.operation import Call, Nothing, Operation
from entrypoints.http.problems import ApiError, invalid, problem_reply
from entrypoints.http.reply import Reply
from entrypoints.http.requests import Headers, decode_body, decode_query, read_body
from entrypoints.http.services import Services

I = TypeVar("I", bound=msgspec.Struct)  # noqa: E741 - the input of an operation

# Far beyond what one process can work on: then refusing at once is kinder than queueing.
IN_FLIGHT_MAX: Final = 4_000


class RequestIds:
    """Unique among processes without asking anybody: random for the process, then counted."""

    def __init__(self) -> None:
        self._process = os.urandom(8).hex()
        self._numbers = count(1)

    def new(self) -> str:
        return f"req_{self._process}{next(self._numbers):08x}"


class Pipeline:
    def __init__(self, *, sandbox: bool, metrics: Metrics) -> None:
        self._sandbox = sandbox
        self._metrics = metrics
        self._ids = RequestIds()
        self._in_flight = 0
        self._services: Services | None = None

    def open(self, services: Services) -> None:
        self._services = services

    async def serve(self, operation: Operation[I], scope: HTTPScope, receive: Receive) -> Reply:
        started = perf_counter_ns()
        headers = Headers(scope["headers"])
        request_id = headers.request_id or self._ids.new()
        self._in_flight += 1
        try:
            call = await self._read(operation, scope, receive, headers)
            reply = await operation.handler(call)
        except Exception as error:  # noqa: BLE001 - the boundary: what is no refusal is logged there
            reply = problem_reply(error, request_id=request_id, instance=scope["path"])
        finally:
            self._in_flight -= 1
        reply.headers.append((b"x-request-id", request_id.encode()))
        self._metrics.answered(operation, reply.status, perf_counter_ns() - started)
        return reply

    def refuse(self, error: Exception, scope: HTTPScope) -> Reply:
        """The answer to a request that met no operation."""
        request_id = Headers(scope["headers"]).request_id or self._ids.new()
        reply = problem_reply(error, request_id=request_id, instance=scope["path"])
        reply.headers.append((b"x-request-id", request_id.encode()))
        self._metrics.unrouted(reply.status)
        return reply

    async def _read(
        self, operation: Operation[I], scope: HTTPScope, receive: Receive, headers: Headers
    ) -> Call[I]:
        services = self._services
        if services is None:
            raise InvariantViolation("the application has not started")
        principal = None
        headers.check()
        if operation.scope is not None:
            if self._in_flight > IN_FLIGHT_MAX:
                raise ApiError("overloaded", "too many requests at once; nothing was done")
            principal = await authorize(
                services.authenticate, headers.get(b"authorization"), operation.scope
            )
        key = headers.idempotency_key if operation.idempotent else None
        decoded = await _input(operation, scope, receive, headers)
        item = _item(operation, scope)
        return Call(
            services=services,
            input=decoded,
            principal=principal,
            item=item,
            text=_text(operation, scope),
            request=None if key is None else _identified(operation, key, decoded, item),
            scenario=headers.scenario if operation.simulates and self._sandbox else None,
            if_match=headers.if_match if operation.conditional else None,
        )


async def _input(
    operation: Operation[I], scope: HTTPScope, receive: Receive, headers: Headers
) -> I:
    if not operation.takes_body:
        return decode_query(scope["query_string"], operation.takes)
    if scope["query_string"]:
        decode_query(scope["query_string"], Nothing)
    body = await read_body(receive, bytes_max=operation.body_bytes_max)
    if not body and operation.body_optional:
        body = b"{}"
    else:
        headers.require_json()
    return decode_body(body, operation.decoder)


def _item(operation: Operation[I], scope: HTTPScope) -> UUID | None:
    name = operation.item_name
    if name is None or operation.item is None:
        return None
    try:
        return decode_id(operation.item, str(scope["path_params"][name]))
    except IdInvalid as error:
        raise invalid(error.detail, parameter=name) from None


def _text(operation: Operation[I], scope: HTTPScope) -> str | None:
    """What has no such name does not exist, whatever is wrong with the name."""
    if operation.named is None:
        return None
    text = str(scope["path_params"][str(operation.item_name)])
    if re.match(operation.named, text) is None:
        raise ApiError("not_found", "there is nothing of that name")
    return text


def _identified(
    operation: Operation[I], key: str, decoded: I, item: UUID | None
) -> IdempotentRequest:
    route = operation.template if item is None else f"{operation.template} {item}"
    return IdempotentRequest(key, fingerprint(route, decoded))
