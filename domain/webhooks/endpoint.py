"""An endpoint of a partner: what it wants, whether it is told, and how it has answered lately.

status     a receipt          a failure                       410 Gone         a person
active     is healthy         disabled, after 5 days of them  disabled (gone)  may disable
disabled   changes nothing    changes nothing                 changes nothing  may enable

What an operator disabled, only an operator enables.
What happens while it is disabled is not lost: its place in the sequence of events stays.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ..shared.errors import Conflict
from ..shared.ids import CustomerId, WebhookEndpointId
from .answer import Verdict
from .event_filter import matches

PING: Final = "webhook_endpoint.ping.v1"
DISABLED: Final = "webhook_endpoint.disabled.v1"
FAILING_MAX: Final = timedelta(days=5)
# Slower than this it gets one delivery at a time, beside the others that fail.
SLOW: Final = timedelta(seconds=2)


class EndpointStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class DisabledBy(StrEnum):
    PARTNER = "partner"
    OPERATOR = "operator"
    GONE = "gone"
    FAILING = "failing"


class DisabledByOperator(Conflict):
    code = "disabled_by_operator"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`failing_since` is the first failure that no receipt followed.

    `is_troubled` until its first receipt, and whenever the last attempt failed or was slow. It and
    `failing_since` are what we observe: changing them makes no new version.
    """

    id: WebhookEndpointId
    url: str
    description: str | None = None
    event_types: tuple[str, ...]
    customer_id: CustomerId | None = None
    status: EndpointStatus = EndpointStatus.ACTIVE
    disabled_by: DisabledBy | None = None
    failing_since: datetime | None = None
    is_troubled: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = 1


def wants(
    endpoint: Endpoint,
    *,
    event_type: str,
    resource_id: UUID,
    customer_ids: Collection[CustomerId],
) -> bool:
    """Whether it is told of an event about `resource_id`, an object of these customers.

    A ping goes to the endpoint it is about, whatever that asked for, and to no other.
    """
    if event_type == PING:
        return resource_id == endpoint.id
    if endpoint.customer_id is not None and endpoint.customer_id not in customer_ids:
        return False
    return any(matches(pattern, event_type) for pattern in endpoint.event_types)


def disable(endpoint: Endpoint, *, by: DisabledBy, at: datetime) -> Endpoint:
    """Who disabled it first stays on record, unless it is an operator who comes later."""
    decided = endpoint.disabled_by
    if decided is not None and (by is not DisabledBy.OPERATOR or decided is by):
        return endpoint
    return _changed(endpoint, EndpointStatus.DISABLED, by, at)


def enable(endpoint: Endpoint, *, at: datetime, by_operator: bool = False) -> Endpoint:
    """Begins with a clean slate: old failures do not disable it again at once.

    Raises `DisabledByOperator` when somebody else than an operator undoes what one did.
    """
    if endpoint.status is EndpointStatus.ACTIVE:
        return endpoint
    if endpoint.disabled_by is DisabledBy.OPERATOR and not by_operator:
        raise DisabledByOperator("an operator disabled it; ask them")
    fresh = msgspec.structs.replace(endpoint, failing_since=None, is_troubled=True)
    return _changed(fresh, EndpointStatus.ACTIVE, None, at)


def move(endpoint: Endpoint, url: str) -> Endpoint:
    """What is observed of one URL says nothing of another: it begins as a new one does."""
    if url == endpoint.url:
        return endpoint
    return msgspec.structs.replace(endpoint, url=url, failing_since=None, is_troubled=True)


def after_attempt(
    endpoint: Endpoint, verdict: Verdict, *, at: datetime, took: timedelta
) -> Endpoint:
    """The same object when the attempt changes nothing."""
    if endpoint.status is EndpointStatus.DISABLED:
        return endpoint
    if verdict is Verdict.DELIVERED:
        return _observed(endpoint, failing_since=None, is_troubled=took > SLOW)
    if verdict is Verdict.GONE:
        return disable(endpoint, by=DisabledBy.GONE, at=at)
    since = endpoint.failing_since or at
    failing = _observed(endpoint, failing_since=since, is_troubled=True)
    if at - since >= FAILING_MAX:
        return disable(failing, by=DisabledBy.FAILING, at=at)
    return failing


def _observed(endpoint: Endpoint, *, failing_since: datetime | None, is_troubled: bool) -> Endpoint:
    if (endpoint.failing_since, endpoint.is_troubled) == (failing_since, is_troubled):
        return endpoint
    return msgspec.structs.replace(endpoint, failing_since=failing_since, is_troubled=is_troubled)


def _changed(
    endpoint: Endpoint, status: EndpointStatus, by: DisabledBy | None, at: datetime
) -> Endpoint:
    return msgspec.structs.replace(
        endpoint,
        status=status,
        disabled_by=by,
        updated_at=max(endpoint.updated_at, at),
        version=endpoint.version + 1,
    )
