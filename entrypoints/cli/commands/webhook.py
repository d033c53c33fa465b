from collections.abc import Mapping, Sequence
from typing import Final

import click
from dishka import AsyncContainer

from application.ports.unit_of_work import UnitOfWork
from application.webhooks.manage_endpoints import ManageWebhookEndpoints
from application.webhooks.redeliver import Redeliver, ReplayCommand
from domain.shared.ids import EventId, IdPrefix, TenantId, WebhookEndpointId, decode_id
from domain.webhooks.endpoint import EndpointStatus
from entrypoints.cli.operator import TENANT, partners, run
from entrypoints.cli.output import json_option, print_object, print_rows
from entrypoints.cli.webhooks import find, shown_attempt, shown_endpoint

ENDPOINTS: Final = (
    *("id", "tenant_id", "url", "status", "disabled_by", "failing_since"),
    *("waiting", "oldest_at", "failed"),
)
ATTEMPTS: Final = (
    *("id", "event_id", "event_type", "seq", "attempt", "started_at", "outcome"),
    *("duration_ms", "next_attempt_at"),
)
LIMIT_MAX: Final = 1_000


def ENDPOINT(text: str) -> WebhookEndpointId:  # noqa: N802 - its name is what --help shows
    return WebhookEndpointId(decode_id(IdPrefix.WEBHOOK_ENDPOINT, text))


def EVENT(text: str) -> EventId:  # noqa: N802 - its name is what --help shows
    return EventId(decode_id(IdPrefix.EVENT, text))


@click.group()
def webhook() -> None:
    """Partners' webhook endpoints: what waits for them, what was tried, what to send again."""


@webhook.command(name="list")
@click.option("--tenant", type=TENANT, help="Of one partner only.")
@click.option("--failing", is_flag=True, help="Disabled, failing, or with failed deliveries only.")
@json_option
def list_endpoints(tenant: TenantId | None, failing: bool, as_json: bool) -> None:
    """Endpoints, with how many deliveries wait and how many have failed for good."""

    async def work(container: AsyncContainer) -> Sequence[Mapping[str, object]]:
        uow: UnitOfWork = await container.get(UnitOfWork)
        rows: list[Mapping[str, object]] = []
        for stored in await partners(container):
            tenant_id = stored.tenant.id
            if tenant not in {None, tenant_id}:
                continue
            async with uow.begin(tenant_id) as tx:
                for endpoint in await tx.webhook_endpoints.list():
                    backlog = await tx.webhook_deliveries.backlog(endpoint.id)
                    rows.append(shown_endpoint(endpoint, tenant_id, backlog))
        return rows

    rows = [each for each in run(work) if not failing or _is_amiss(each)]
    print_rows(rows, ENDPOINTS, as_json=as_json)


@webhook.command()
@click.argument("endpoint_id", metavar="ENDPOINT", type=ENDPOINT)
@click.option("--event", type=EVENT, help="Of one event only.")
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=20, show_default=True)
@json_option
def attempts(
    endpoint_id: WebhookEndpointId, event: EventId | None, limit: int, as_json: bool
) -> None:
    """What was sent to an endpoint and what it said, newest first."""

    async def work(container: AsyncContainer) -> Sequence[Mapping[str, object]]:
        tenant_id, _ = await find(container, endpoint_id)
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(tenant_id) as tx:
            found = await tx.webhook_deliveries.attempts(
                endpoint_id, before=None, limit=limit, event_id=event
            )
        return [shown_attempt(each) for each in found]

    print_rows(run(work), ATTEMPTS, as_json=as_json)


@webhook.command()
@click.argument("endpoint_id", metavar="ENDPOINT", type=ENDPOINT)
@click.option("--event", type=EVENT, help="One event, whatever the endpoint asks for.")
@click.option("--after", type=click.IntRange(0), help="All events numbered above this …")
@click.option("--until", type=click.IntRange(0), help="… up to this one.  [default: all there are]")
@json_option
def replay(
    endpoint_id: WebhookEndpointId,
    event: EventId | None,
    after: int | None,
    until: int | None,
    as_json: bool,
) -> None:
    """Send again, with the same webhook-id, also what was delivered before.

    Receivers that keep ids see what they have. A disabled endpoint gets it once it is enabled.
    """
    if (event is None) == (after is None) or (event is not None and until is not None):
        raise click.UsageError("name an --event, or a range with --after and perhaps --until")

    async def work(container: AsyncContainer) -> Mapping[str, object]:
        tenant_id, _ = await find(container, endpoint_id)
        redeliver = await container.get(Redeliver)
        if event is not None:
            await redeliver.one(tenant_id, event, endpoint_id=endpoint_id)
            return {"deliveries": 1}
        uow: UnitOfWork = await container.get(UnitOfWork)
        async with uow.begin(tenant_id) as tx:
            last = await tx.events.last_seq()
        end = last if until is None else until
        return await _range(redeliver, tenant_id, endpoint_id, after=after or 0, until=end)

    print_object(run(work), as_json=as_json)


async def _range(
    redeliver: Redeliver,
    tenant_id: TenantId,
    endpoint_id: WebhookEndpointId,
    *,
    after: int,
    until: int,
) -> Mapping[str, object]:
    """Page by page. Interrupted, it has done a part, and can go on or be run again.

    `until` is decided at the start: what is told while this runs goes out anyway.
    """
    deliveries, more = 0, True
    while more:
        command = ReplayCommand(
            tenant_id=tenant_id, endpoint_id=endpoint_id, after=after, until=until
        )
        page = (await redeliver.page(command)).value
        deliveries += page.deliveries
        more = page.more and page.looked_until > after
        after = page.looked_until
    return {"deliveries": deliveries, "looked_until": after}


@webhook.command()
@click.argument("endpoint_id", metavar="ENDPOINT", type=ENDPOINT)
@json_option
def disable(endpoint_id: WebhookEndpointId, as_json: bool) -> None:
    """Stop sending to an endpoint. Only an operator enables it again; nothing is lost meanwhile."""
    _switch(endpoint_id, EndpointStatus.DISABLED, as_json=as_json)


@webhook.command()
@click.argument("endpoint_id", metavar="ENDPOINT", type=ENDPOINT)
@json_option
def enable(endpoint_id: WebhookEndpointId, as_json: bool) -> None:
    """Go on where it was, whoever disabled it."""
    _switch(endpoint_id, EndpointStatus.ACTIVE, as_json=as_json)


def _switch(endpoint_id: WebhookEndpointId, status: EndpointStatus, *, as_json: bool) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        tenant_id, _ = await find(container, endpoint_id)
        manage = await container.get(ManageWebhookEndpoints)
        return shown_endpoint(await manage.switch(tenant_id, endpoint_id, status), tenant_id)

    print_object(run(work), as_json=as_json)


def _is_amiss(row: Mapping[str, object]) -> bool:
    return (
        row["status"] != EndpointStatus.ACTIVE.value
        or row["failing_since"] is not None
        or row["failed"] != 0
    )
