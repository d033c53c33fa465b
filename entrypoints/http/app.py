"""The HTTP application: operations, protected and documented as they are declared."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from dishka import AsyncContainer
from litestar import Litestar, Request, Response
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from application.background import Background
from entrypoints.http.docs_page import render_page
from entrypoints.http.metrics import Metrics
from entrypoints.http.openapi import build_document
from entrypoints.http.operation import AnyOperation
from entrypoints.http.pipeline import Pipeline
from entrypoints.http.problems import ApiError
from entrypoints.http.requests import BODY_BYTES_MAX
from entrypoints.http.routes import (
    api_keys,
    catalog,
    change_requests,
    customers,
    events,
    ledger,
    liquidity_providers,
    movements,
    orders,
    quotes,
    reconciliation,
    statements,
    tenants,
    transfer_batches,
    webhooks,
)
from entrypoints.http.routes.service import service_operations
from entrypoints.http.services import resolve_services

AnyRequest = Request[Any, Any, Any]

OF_TENANTS_AND_OPERATORS: tuple[AnyOperation, ...] = (
    *customers.OPERATIONS,
    *catalog.OPERATIONS,
    *quotes.OPERATIONS,
    *orders.OPERATIONS,
    *ledger.OPERATIONS,
    *statements.OPERATIONS,
    *movements.OPERATIONS,
    *transfer_batches.OPERATIONS,
    *api_keys.OPERATIONS,
    *tenants.OPERATIONS,
    *webhooks.OPERATIONS,
    *reconciliation.OPERATIONS,
    *events.OPERATIONS,
    *change_requests.OPERATIONS,
    *liquidity_providers.OPERATIONS,
)


def make_app(container: AsyncContainer, *, sandbox: bool) -> Litestar:
    """Opens what it needs of the container when it starts, and closes the container when it ends.

    `sandbox` adds what only a sandbox has: deposits out of nothing, and faults on request.
    """
    metrics = Metrics()
    pipeline = Pipeline(sandbox=sandbox, metrics=metrics)
    operations = all_operations(metrics, sandbox=sandbox)

    async def open_services() -> None:
        pipeline.open(await resolve_services(container))

    async def close_services() -> None:
        background = await container.get(Background)
        await background.drain()
        await container.close()

    def refuse(request: AnyRequest, error: Exception) -> Response[bytes]:
        reply = pipeline.refuse(_unrouted(error), request.scope)
        return Response(
            reply.body,
            status_code=reply.status,
            headers={name.decode(): value.decode() for name, value in reply.headers},
        )

    return Litestar(
        [*_options(operations), *(_route(each, pipeline) for each in operations)],
        on_startup=[open_services],
        on_shutdown=[close_services],
        exception_handlers={Exception: refuse},
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,  # ours is made from the same declarations as the routes
        logging_config=None,  # errors are logged once, by the pipeline
    )


def all_operations(metrics: Metrics, *, sandbox: bool) -> tuple[AnyOperation, ...]:
    document, page = b"", b""
    operations = (
        *(each for each in OF_TENANTS_AND_OPERATORS if sandbox or not each.sandbox_only),
        *service_operations(
            metrics=metrics.exposition, document=lambda: document, page=lambda: page
        ),
    )
    document = msgspec.json.encode(build_document(operations))
    page = render_page(operations)
    return operations


def _route(operation: AnyOperation, pipeline: Pipeline) -> HTTPRouteHandler:
    async def serve(request: AnyRequest) -> ASGIApp:
        return await pipeline.serve(operation, request.scope, request.receive)

    path = operation.path.replace("}", ":str}")
    route = HTTPRouteHandler(
        path,
        http_method=HttpMethod(operation.method),
        name=operation.name,
        status_code=min(operation.answers),
        opt={"operation": operation},
        request_max_body_size=operation.body_bytes_max,
    )
    return route(serve)


def _options(operations: Iterable[AnyOperation]) -> Iterator[HTTPRouteHandler]:
    """Which methods each path has. Registered first: the framework adds its own answer to a path
    without one, and that knows only the first method.
    """
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for each in operations:
        methods[each.path].add(each.method)
    for path, named in methods.items():
        yield _options_route(path, ", ".join(sorted({*named, "OPTIONS"})))


def _options_route(path: str, allow: str) -> HTTPRouteHandler:
    async def options() -> Response[None]:
        return Response(None, status_code=204, headers={"allow": allow})

    name = f"options {path}"
    return HTTPRouteHandler(
        path.replace("}", ":str}"), http_method=HttpMethod.OPTIONS, name=name, status_code=204
    )(options)


def _unrouted(error: Exception) -> Exception:
    """What the framework refuses by itself, in our words."""
    if not isinstance(error, HTTPException):
        return error
    match error.status_code:
        case 404:
            return ApiError("not_found", "there is nothing at this path")
        case 405:
            allow = (error.headers or {}).get("allow", "")
            return ApiError(
                "method_not_allowed",
                "this path has other methods",
                headers=((b"allow", allow.encode()),),
            )
        case status if status < 500:
            return ApiError("validation_failed", "the request is malformed")
    return error
