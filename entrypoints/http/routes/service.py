"""What machines and people ask of the process itself. Open to anybody who reaches it."""

from collections.abc import Callable

from application.orders.attempt_tally import AttemptTally
from application.orders.watch_executions import Watched
from entrypoints.http.metrics import CONTENT_TYPE
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.reply import JSON, Reply, answer
from entrypoints.http.schemas.service import HealthBody

HTML = b"text/html; charset=utf-8"
_PAGE_HEADERS = ((b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),)


def service_operations(
    *,
    metrics: Callable[[Watched, AttemptTally], bytes],
    document: Callable[[], bytes],
    page: Callable[[], bytes],
) -> tuple[AnyOperation, ...]:
    """`document` and `page` are asked when served: they describe these operations too."""

    @operation(
        "GET",
        "/livez",
        summary="Whether the process answers",
        scope=None,
        takes=Nothing,
        answers={200: HealthBody},
    )
    async def get_livez(_call: Call[Nothing]) -> Reply:
        return answer(HealthBody("alive"))

    @operation(
        "GET",
        "/readyz",
        summary="Whether the process can work: its database answers and is migrated",
        scope=None,
        takes=Nothing,
        answers={200: HealthBody, 503: HealthBody},
    )
    async def get_readyz(call: Call[Nothing]) -> Reply:
        ready = await call.services.inspection.is_ready()
        return answer(HealthBody("ready" if ready else "not_ready"), status=200 if ready else 503)

    @operation(
        "GET",
        "/metrics",
        summary="Metrics of this process and of what is open at LPs, for Prometheus",
        scope=None,
        takes=Nothing,
        answers={200: "text/plain"},
    )
    async def get_metrics(call: Call[Nothing]) -> Reply:
        watched = await call.services.watch_executions.look()
        text = metrics(watched, call.services.attempt_tally)
        return Reply(200, text, media_type=CONTENT_TYPE)

    @operation(
        "GET",
        "/openapi.json",
        summary="This API as an OpenAPI 3.1 document",
        scope=None,
        takes=Nothing,
        answers={200: "application/json"},
    )
    async def get_openapi(_call: Call[Nothing]) -> Reply:
        return Reply(200, document(), media_type=JSON)

    @operation(
        "GET",
        "/docs",
        summary="This API as a page for people",
        scope=None,
        takes=Nothing,
        answers={200: "text/html"},
    )
    async def get_docs(_call: Call[Nothing]) -> Reply:
        return Reply(200, page(), media_type=HTML, headers=_PAGE_HEADERS)

    return (get_livez, get_readyz, get_metrics, get_openapi, get_docs)
