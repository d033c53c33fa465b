from datetime import timedelta
from typing import Final
from uuid import UUID

from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.manage_endpoints import (
    CreateEndpointCommand,
    ManageWebhookEndpoints,
    ShownEndpoint,
    UpdateEndpointCommand,
)
from application.webhooks.redeliver import Redeliver, ReplayCommand
from domain.shared.ids import (
    CustomerId,
    EventId,
    IdPrefix,
    WebhookAttemptId,
    WebhookEndpointId,
    decode_id,
    encode_id,
)
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import Paging
from entrypoints.http.reply import HeaderLines, Reply, answer, created
from entrypoints.http.schemas.values import Page, whole
from entrypoints.http.schemas.webhooks import (
    CreateWebhookEndpointBody,
    NewWebhookEndpointBody,
    RedeliveredBody,
    RedeliverEventBody,
    ReplayedBody,
    ReplayEventsBody,
    RotateWebhookSecretBody,
    UpdateWebhookEndpointBody,
    WebhookAttemptBody,
    WebhookAttemptsQuery,
    WebhookEndpointBody,
    attempt_body,
    endpoint_body,
    new_endpoint_body,
    redelivered_body,
    replayed_body,
)


@operation(
    "POST",
    "/v1/webhook-endpoints",
    summary="Register a webhook endpoint",
    scope=Scope.WEBHOOKS,
    takes=CreateWebhookEndpointBody,
    answers={201: NewWebhookEndpointBody},
    idempotent=True,
    refusals=(
        *("tenant_suspended", "not_found", "too_many_webhook_endpoints"),
        "webhook_url_refused",
    ),
    policy=ManageWebhookEndpoints,
)
async def create_webhook_endpoint(call: Call[CreateWebhookEndpointBody]) -> Reply:
    wanted = call.input
    shown = await call.services.manage_webhook_endpoints.create(
        CreateEndpointCommand(
            tenant_id=call.tenant_id,
            request=call.idempotency,
            url=wanted.url,
            event_types=tuple(wanted.event_types),
            customer_id=None
            if wanted.customer_id is None
            else CustomerId(decode_id(IdPrefix.CUSTOMER, wanted.customer_id)),
            description=wanted.description,
        )
    )
    return _made(shown)


@operation(
    "GET",
    "/v1/webhook-endpoints",
    summary="List webhook endpoints, oldest first",
    scope=Scope.WEBHOOKS,
    takes=Nothing,
    answers={200: Page[WebhookEndpointBody]},
)
async def list_webhook_endpoints(call: Call[Nothing]) -> Reply:
    found = await call.services.manage_webhook_endpoints.list(call.tenant_id)
    return answer(whole([endpoint_body(each) for each in found]))


@operation(
    "GET",
    "/v1/webhook-endpoints/{webhook_endpoint_id}",
    summary="Get a webhook endpoint, without its secret",
    scope=Scope.WEBHOOKS,
    takes=Nothing,
    answers={200: WebhookEndpointBody},
    item=IdPrefix.WEBHOOK_ENDPOINT,
)
async def get_webhook_endpoint(call: Call[Nothing]) -> Reply:
    endpoint_id = WebhookEndpointId(call.item_id)
    shown = await call.services.manage_webhook_endpoints.get(call.tenant_id, endpoint_id)
    return answer(endpoint_body(shown), headers=_etag(shown))


@operation(
    "PATCH",
    "/v1/webhook-endpoints/{webhook_endpoint_id}",
    summary="Change, disable or enable a webhook endpoint",
    scope=Scope.WEBHOOKS,
    takes=UpdateWebhookEndpointBody,
    answers={200: WebhookEndpointBody},
    item=IdPrefix.WEBHOOK_ENDPOINT,
    conditional=True,
    refusals=("conflict", "webhook_url_refused"),
    policy=ManageWebhookEndpoints,
)
async def update_webhook_endpoint(call: Call[UpdateWebhookEndpointBody]) -> Reply:
    types = call.input.event_types
    shown = await call.services.manage_webhook_endpoints.update(
        UpdateEndpointCommand(
            tenant_id=call.tenant_id,
            endpoint_id=WebhookEndpointId(call.item_id),
            url=call.input.url,
            event_types=None if types is None else tuple(types),
            description=call.input.description,
            status=call.input.status,
            version=call.if_match,
        )
    )
    return answer(endpoint_body(shown), headers=_etag(shown))


@operation(
    "DELETE",
    "/v1/webhook-endpoints/{webhook_endpoint_id}",
    summary="Remove a webhook endpoint",
    scope=Scope.WEBHOOKS,
    takes=Nothing,
    answers={200: WebhookEndpointBody},
    item=IdPrefix.WEBHOOK_ENDPOINT,
)
async def remove_webhook_endpoint(call: Call[Nothing]) -> Reply:
    endpoint_id = WebhookEndpointId(call.item_id)
    shown = await call.services.manage_webhook_endpoints.remove(call.tenant_id, endpoint_id)
    return answer(endpoint_body(shown))


@operation(
    "POST",
    "/v1/webhook-endpoints/{webhook_endpoint_id}/rotate",
    summary="Make a new secret; the old one signs along for a while",
    scope=Scope.WEBHOOKS,
    takes=RotateWebhookSecretBody,
    answers={201: NewWebhookEndpointBody},
    item=IdPrefix.WEBHOOK_ENDPOINT,
    idempotent=True,
    body_optional=True,
    refusals=("conflict",),
    policy=ManageWebhookEndpoints,
)
async def rotate_webhook_secret(call: Call[RotateWebhookSecretBody]) -> Reply:
    shown = await call.services.manage_webhook_endpoints.rotate(
        call.tenant_id,
        WebhookEndpointId(call.item_id),
        call.idempotency,
        overlap=timedelta(seconds=call.input.overlap_seconds),
    )
    return _made(shown)


@operation(
    "GET",
    "/v1/webhook-endpoints/{webhook_endpoint_id}/attempts",
    summary="List what was sent to a webhook endpoint, newest first",
    scope=Scope.WEBHOOKS,
    takes=WebhookAttemptsQuery,
    answers={200: Page[WebhookAttemptBody]},
    item=IdPrefix.WEBHOOK_ENDPOINT,
    policy=DeliverWebhooks,
)
async def list_webhook_attempts(call: Call[WebhookAttemptsQuery]) -> Reply:
    endpoint_id = WebhookEndpointId(call.item_id)
    paging = Paging(f"attempts {endpoint_id}", call.tenant_id, call.input)
    before = None if paging.position is None else WebhookAttemptId(UUID(int=paging.position))
    event = call.input.event_id
    async with call.services.uow.begin(call.tenant_id) as tx:
        await tx.webhook_endpoints.get(endpoint_id)
        rows = await tx.webhook_deliveries.attempts(
            endpoint_id,
            before=before,
            limit=paging.rows,
            event_id=None if event is None else EventId(decode_id(IdPrefix.EVENT, event)),
        )
    return answer(paging.page(rows, position=lambda row: row.id.int, show=attempt_body))


@operation(
    "POST",
    "/v1/webhook-endpoints/{webhook_endpoint_id}/redeliver",
    summary="Send a range of events again",
    scope=Scope.WEBHOOKS,
    takes=ReplayEventsBody,
    answers={201: ReplayedBody},
    item=IdPrefix.WEBHOOK_ENDPOINT,
    idempotent=True,
    policy=Redeliver,
)
async def redeliver_events(call: Call[ReplayEventsBody]) -> Reply:
    endpoint_id = WebhookEndpointId(call.item_id)
    done = await call.services.redeliver.page(
        ReplayCommand(
            tenant_id=call.tenant_id,
            endpoint_id=endpoint_id,
            after=call.input.after,
            until=call.input.until,
            request=call.idempotency,
        )
    )
    name = encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint_id)
    return created(
        replayed_body(name, done.value),
        location=f"/v1/webhook-endpoints/{name}/attempts",
        replayed=done.replayed,
    )


@operation(
    "POST",
    "/v1/events/{event_id}/redeliver",
    summary="Send an event again",
    scope=Scope.WEBHOOKS,
    takes=RedeliverEventBody,
    answers={201: RedeliveredBody},
    item=IdPrefix.EVENT,
    idempotent=True,
    body_optional=True,
    policy=Redeliver,
)
async def redeliver_event(call: Call[RedeliverEventBody]) -> Reply:
    named = call.input.webhook_endpoint_id
    done = await call.services.redeliver.one(
        call.tenant_id,
        EventId(call.item_id),
        endpoint_id=None
        if named is None
        else WebhookEndpointId(decode_id(IdPrefix.WEBHOOK_ENDPOINT, named)),
        request=call.idempotency,
    )
    body = redelivered_body(done.value)
    return created(body, location=f"/v1/events/{body.event_id}", replayed=done.replayed)


def _made(shown: ShownEndpoint) -> Reply:
    body = new_endpoint_body(shown)
    location = f"/v1/webhook-endpoints/{body.id}"
    return created(body, location=location, replayed=body.secret is None)


def _etag(shown: ShownEndpoint) -> HeaderLines:
    return ((b"etag", b'"%d"' % shown.endpoint.version),)


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    create_webhook_endpoint,
    list_webhook_endpoints,
    get_webhook_endpoint,
    update_webhook_endpoint,
    remove_webhook_endpoint,
    rotate_webhook_secret,
    list_webhook_attempts,
    redeliver_events,
    redeliver_event,
)
