"""Webhook endpoints, attempts at them, and what is sent again."""

from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.webhook_deliveries import RESPONSE_LENGTH_MAX, Attempt
from application.webhooks.manage_endpoints import OVERLAP, OVERLAP_MAX, ShownEndpoint
from application.webhooks.redeliver import Redelivered, Replayed
from domain.shared.ids import IdPrefix, encode_id
from domain.webhooks.endpoint import DisabledBy, EndpointStatus
from domain.webhooks.event_filter import PATTERN_LENGTH_MAX, PATTERNS_MAX
from domain.webhooks.url import LENGTH_MAX
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    Body,
    CustomerRef,
    EventRef,
    Line,
    Timestamp,
    WebhookAttemptRef,
    WebhookEndpointRef,
    maybe_timestamp,
    timestamp,
)

Url = Annotated[
    str,
    Meta(
        max_length=LENGTH_MAX,
        description="HTTPS to a public host name, on port 443 or 8443.",
        examples=["https://hooks.partner.com/aksum"],
    ),
]
EventTypes = Annotated[
    list[Annotated[str, Meta(max_length=PATTERN_LENGTH_MAX)]],
    Meta(
        min_length=1,
        max_length=PATTERNS_MAX,
        description="Types such as `order.filled.v1`, families such as `order.*`, or `*` for all.",
        examples=[["order.*", "transfer.completed.v1"]],
    ),
]
Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class CreateWebhookEndpointBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """With `customer_id`, only events of that customer's objects are sent."""

    url: Url
    event_types: EventTypes
    customer_id: CustomerRef | None = None
    description: Line | None = None


class UpdateWebhookEndpointBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """What is absent stays as it is. Enabled again, an endpoint goes on where it was."""

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Line | None = None
    status: EndpointStatus | None = None


class RotateWebhookSecretBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Old and new secret both sign for this much longer."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=int(OVERLAP_MAX.total_seconds()))] = int(
        OVERLAP.total_seconds()
    )


class RedeliverEventBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """To one endpoint, whatever it asks for, or else to all that ask for such events."""

    webhook_endpoint_id: WebhookEndpointRef | None = None


class ReplayEventsBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """The events numbered above `after`, up to `until` or all there are."""

    after: Seq
    until: Seq | None = None


class WebhookEndpointBody(msgspec.Struct, frozen=True, kw_only=True):
    """`public_keys` verify `v1a` signatures; of several, each signs while a secret is rotated.

    `failing_since` is the first failure that no receipt has followed.
    """

    id: WebhookEndpointRef
    url: str
    event_types: list[str]
    customer_id: CustomerRef | None
    description: str | None
    status: EndpointStatus
    disabled_by: DisabledBy | None
    failing_since: Timestamp | None
    public_keys: list[str]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class NewWebhookEndpointBody(WebhookEndpointBody, frozen=True, kw_only=True):
    """`secret` is shown this once. It is null when the request had been made before."""

    secret: str | None


class WebhookAttemptsQuery(PageQuery, frozen=True, kw_only=True):
    event_id: EventRef | None = None


class WebhookAttemptBody(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is null while the attempt is under way, or for ever if it was cut short by us.

    It is `delivered`, `gone`, `redirected`, `http_` and the status, or why there was no answer.
    `response` is the beginning of the answer's body. `next_attempt_at` is null at the end.
    """

    id: WebhookAttemptRef
    event_id: EventRef
    event_type: str
    seq: int
    attempt: Annotated[int, Meta(ge=1, description="Counts all attempts of the event here.")]
    url: str
    started_at: Timestamp
    outcome: str | None
    http_status: int | None
    detail: str
    response: Annotated[str, Meta(max_length=RESPONSE_LENGTH_MAX)]
    duration_ms: int | None
    next_attempt_at: Timestamp | None


class RedeliveredBody(msgspec.Struct, frozen=True, kw_only=True):
    event_id: EventRef
    webhook_endpoint_ids: list[WebhookEndpointRef]


class ReplayedBody(msgspec.Struct, frozen=True, kw_only=True):
    """Of one page. Go on with `after` set to `looked_until` while `has_more`."""

    webhook_endpoint_id: WebhookEndpointRef
    deliveries: int
    looked_until: int
    has_more: bool


def endpoint_body(shown: ShownEndpoint) -> WebhookEndpointBody:
    endpoint = shown.endpoint
    customer_id, failing_since = endpoint.customer_id, endpoint.failing_since
    return WebhookEndpointBody(
        id=encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint.id),
        url=endpoint.url,
        event_types=list(endpoint.event_types),
        customer_id=None if customer_id is None else encode_id(IdPrefix.CUSTOMER, customer_id),
        description=endpoint.description,
        status=endpoint.status,
        disabled_by=endpoint.disabled_by,
        failing_since=maybe_timestamp(failing_since),
        public_keys=list(shown.public_keys),
        created_at=timestamp(endpoint.created_at),
        updated_at=timestamp(endpoint.updated_at),
        version=endpoint.version,
    )


def new_endpoint_body(shown: ShownEndpoint) -> NewWebhookEndpointBody:
    body = msgspec.structs.asdict(endpoint_body(shown))
    return NewWebhookEndpointBody(**body, secret=shown.secret)


def attempt_body(attempt: Attempt) -> WebhookAttemptBody:
    return WebhookAttemptBody(
        id=encode_id(IdPrefix.WEBHOOK_ATTEMPT, attempt.id),
        event_id=encode_id(IdPrefix.EVENT, attempt.event_id),
        event_type=attempt.event_type,
        seq=attempt.seq,
        attempt=attempt.number,
        url=attempt.url,
        started_at=timestamp(attempt.started_at),
        outcome=attempt.outcome,
        http_status=attempt.http_status,
        detail=attempt.detail,
        response=attempt.response,
        duration_ms=attempt.took_ms,
        next_attempt_at=maybe_timestamp(attempt.next_at),
    )


def redelivered_body(done: Redelivered) -> RedeliveredBody:
    return RedeliveredBody(
        event_id=encode_id(IdPrefix.EVENT, done.event.id),
        webhook_endpoint_ids=[
            encode_id(IdPrefix.WEBHOOK_ENDPOINT, each) for each in done.endpoints
        ],
    )


def replayed_body(endpoint_id: str, done: Replayed) -> ReplayedBody:
    return ReplayedBody(
        webhook_endpoint_id=endpoint_id,
        deliveries=done.deliveries,
        looked_until=done.looked_until,
        has_more=done.more,
    )
