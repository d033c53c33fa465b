"""Finding and showing webhook endpoints of any tenant."""

from collections.abc import Mapping

from dishka import AsyncContainer

from application.ports.unit_of_work import UnitOfWork
from application.ports.webhook_deliveries import Attempt, Backlog
from domain.shared.errors import NotFound
from domain.shared.ids import IdPrefix, TenantId, WebhookEndpointId, encode_id
from domain.webhooks.endpoint import Endpoint
from entrypoints.cli.operator import partners


async def find(
    container: AsyncContainer, endpoint_id: WebhookEndpointId
) -> tuple[TenantId, Endpoint]:
    """Whose endpoint it is. Raises `NotFound`."""
    uow: UnitOfWork = await container.get(UnitOfWork)
    for stored in await partners(container):
        async with uow.begin(stored.tenant.id) as tx:
            try:
                return stored.tenant.id, await tx.webhook_endpoints.get(endpoint_id)
            except NotFound:
                continue
    raise NotFound(
        "no tenant has this endpoint", endpoint=encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint_id)
    )


def shown_endpoint(
    endpoint: Endpoint, tenant_id: TenantId, backlog: Backlog | None = None
) -> Mapping[str, object]:
    customer_id = endpoint.customer_id
    fields: dict[str, object] = {
        "id": encode_id(IdPrefix.WEBHOOK_ENDPOINT, endpoint.id),
        "tenant_id": encode_id(IdPrefix.TENANT, tenant_id),
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "customer_id": None if customer_id is None else encode_id(IdPrefix.CUSTOMER, customer_id),
        "status": endpoint.status.value,
        "disabled_by": None if endpoint.disabled_by is None else endpoint.disabled_by.value,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
        "version": endpoint.version,
    }
    if backlog is not None:
        fields |= {
            "waiting": backlog.waiting,
            "oldest_at": backlog.oldest_at,
            "failed": backlog.failed,
        }
    return fields


def shown_attempt(attempt: Attempt) -> Mapping[str, object]:
    return {
        "id": encode_id(IdPrefix.WEBHOOK_ATTEMPT, attempt.id),
        "event_id": encode_id(IdPrefix.EVENT, attempt.event_id),
        "event_type": attempt.event_type,
        "seq": attempt.seq,
        "attempt": attempt.number,
        "url": attempt.url,
        "started_at": attempt.started_at,
        "outcome": attempt.outcome or "under way or cut short",
        "http_status": attempt.http_status,
        "detail": attempt.detail,
        "response": attempt.response,
        "duration_ms": attempt.took_ms,
        "next_attempt_at": attempt.next_at,
    }
