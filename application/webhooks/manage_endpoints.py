from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace
from typing_extensions import override

from application import crash_points
from application.errors import VersionConflict
from application.events.catalog import is_told
from application.idempotency import claim, earlier
from application.in_flight import InFlight
from application.ports.catalog import Platform
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.unit_of_work import Transaction, UnitOfWork
from application.ports.webhooks import TargetRefused, WebhookKeys, WebhookTargets
from application.webhooks.announcing import disabled, ping
from domain.shared.errors import Conflict
from domain.shared.ids import CustomerId, TenantId, WebhookEndpointId
from domain.tenants.tenant import require_active
from domain.webhooks.endpoint import DisabledBy, Endpoint, EndpointStatus, disable, enable, move
from domain.webhooks.event_filter import ALL, EventTypesInvalid, check_patterns
from domain.webhooks.url import parse_url, refused

ENDPOINTS_MAX: Final = 20
SIGNING_KEYS_MAX: Final = 5
OVERLAP: Final = timedelta(hours=24)
OVERLAP_MAX: Final = timedelta(days=7)
RESOURCE: Final = "webhook_endpoint"


class TooManyWebhookEndpoints(Conflict):
    code = "too_many_webhook_endpoints"


class ShownEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`public_keys` are those that sign now, the newest first. `secret` is shown once."""

    endpoint: Endpoint
    public_keys: tuple[str, ...]
    secret: str | None = None

    @override
    def __repr__(self) -> str:
        """Without the secret: what is printed ends up in logs and tracebacks."""
        return f"ShownEndpoint({self.endpoint!r})"


class CreateEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    request: IdempotentRequest
    url: str
    event_types: tuple[str, ...]
    customer_id: CustomerId | None = None
    description: str | None = None


class UpdateEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays as it is. `version` is the one the caller last read, if it cares."""

    tenant_id: TenantId
    endpoint_id: WebhookEndpointId
    url: str | None = None
    event_types: tuple[str, ...] | None = None
    description: str | None = None
    status: EndpointStatus | None = None
    version: int | None = None


class ManageWebhookEndpoints:
    """- A URL is HTTPS to a public name, port 443 or 8443. Each attempt looks at it again.
    - The secret is shown once. Rotating makes another; the old one signs along for a day.
    - An endpoint begins with a ping, and is sent what happens from then on.
    - Disabled, it is sent nothing and loses nothing: enabled, it goes on where it was.
    - What an operator disabled, an operator enables.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        in_flight: InFlight,
        clock: Clock,
        ids: IdGenerator,
        keys: WebhookKeys,
        targets: WebhookTargets,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._in_flight = in_flight
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._targets = targets

    async def create(self, command: CreateEndpointCommand) -> ShownEndpoint:
        """Without the secret when an earlier copy of the request made it."""
        tenant_id, request = command.tenant_id, command.request
        require_active(await self._platform.tenant(tenant_id))
        async with self._in_flight.entry(tenant_id, request.key):
            async with self._uow.begin(tenant_id) as tx:
                known = await earlier(tx, request)
                if known is not None:
                    return await self._shown(tx, WebhookEndpointId(known))
            endpoint = await self._new(command)
            made = await self._keys.make(tenant_id, endpoint.id, number=1, at=endpoint.created_at)
            if crash_points.armed:
                await crash_points.reach(crash_points.ENDPOINT_KEYS_MADE)
            async with self._uow.begin(tenant_id) as tx:
                known = await claim(tx, request, resource=RESOURCE, resource_id=endpoint.id)
                if known is not None:
                    return await self._shown(tx, WebhookEndpointId(known))
                await _require_room(tx)
                if endpoint.customer_id is not None:
                    await tx.customers.get(endpoint.customer_id)
                after = await tx.events.last_seq()
                await tx.webhook_endpoints.add(endpoint, made.keys, after=after)
                await tx.outbox.add(ping(endpoint, self._ids))
                if crash_points.armed:
                    await crash_points.reach(crash_points.ENDPOINT_BEFORE_COMMIT)
                await tx.commit()
            if crash_points.armed:
                await crash_points.reach(crash_points.ENDPOINT_COMMITTED)
        return ShownEndpoint(
            endpoint=endpoint, public_keys=(made.keys.public_key,), secret=made.secret
        )

    async def get(self, tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> ShownEndpoint:
        async with self._uow.begin(tenant_id) as tx:
            return await self._shown(tx, endpoint_id)

    async def list(self, tenant_id: TenantId) -> tuple[ShownEndpoint, ...]:
        async with self._uow.begin(tenant_id) as tx:
            found = await tx.webhook_endpoints.list()
            return tuple([await self._show(tx, endpoint) for endpoint in found])

    async def update(self, command: UpdateEndpointCommand) -> ShownEndpoint:
        url = None if command.url is None else await self._vetted(command.url)
        async with self._uow.begin(command.tenant_id) as tx:
            current = await tx.webhook_endpoints.lock(command.endpoint_id)
            if command.version is not None and command.version != current.version:
                raise VersionConflict(
                    "the endpoint changed in the meantime", version=current.version
                )
            changed = self._changed(current, command, url)
            await self._store(tx, current, changed)
            shown = await self._show(tx, changed)
            await tx.commit()
        return shown

    async def switch(
        self, tenant_id: TenantId, endpoint_id: WebhookEndpointId, status: EndpointStatus
    ) -> Endpoint:
        """By an operator."""
        async with self._uow.begin(tenant_id) as tx:
            current = await tx.webhook_endpoints.lock(endpoint_id)
            now = self._clock.now()
            if status is EndpointStatus.ACTIVE:
                changed = enable(current, at=now, by_operator=True)
            else:
                changed = disable(current, by=DisabledBy.OPERATOR, at=now)
            await self._store(tx, current, changed)
            await tx.commit()
        return changed

    async def remove(self, tenant_id: TenantId, endpoint_id: WebhookEndpointId) -> ShownEndpoint:
        async with self._uow.begin(tenant_id) as tx:
            endpoint = await tx.webhook_endpoints.lock(endpoint_id)
            await tx.webhook_endpoints.remove(endpoint_id)
            await tx.commit()
        return ShownEndpoint(endpoint=endpoint, public_keys=())

    async def rotate(
        self,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        request: IdempotentRequest,
        *,
        overlap: timedelta = OVERLAP,
    ) -> ShownEndpoint:
        """Without the secret when an earlier copy of the request made it."""
        async with self._uow.begin(tenant_id) as tx:
            known = await claim(tx, request, resource=RESOURCE, resource_id=endpoint_id)
            if known is not None:
                return await self._shown(tx, WebhookEndpointId(known))
            endpoint = await tx.webhook_endpoints.lock(endpoint_id)
            now = self._clock.now()
            signing = await tx.webhook_endpoints.keys(endpoint_id, at=now)
            # What leaked is replaced at once, however many there are: then none of them signs on.
            if len(signing) >= SIGNING_KEYS_MAX and overlap > timedelta(0):
                raise Conflict("wait until an older secret has expired")
            made = await self._keys.make(
                tenant_id, endpoint_id, number=signing[0].number + 1, at=now
            )
            expire_at = now + min(max(overlap, timedelta(0)), OVERLAP_MAX)
            await tx.webhook_endpoints.replace_keys(endpoint_id, made.keys, expire_at=expire_at)
            changed = replace(
                endpoint, updated_at=max(now, endpoint.updated_at), version=endpoint.version + 1
            )
            await tx.webhook_endpoints.update(changed)
            shown = await self._show(tx, changed)
            await tx.commit()
        return replace(shown, secret=made.secret)

    async def _new(self, command: CreateEndpointCommand) -> Endpoint:
        event_types = _event_types(command.event_types)
        url = await self._vetted(command.url)
        now = self._clock.now()
        return Endpoint(
            id=WebhookEndpointId(self._ids.new()),
            url=url,
            description=command.description,
            event_types=event_types,
            customer_id=command.customer_id,
            created_at=now,
            updated_at=now,
        )

    async def _vetted(self, text: str) -> str:
        """Asks the network, so never inside a transaction. Raises `WebhookUrlRefused`."""
        url = parse_url(text, loopback=self._targets.takes_loopback)
        try:
            await self._targets.check(url)
        except TargetRefused as error:
            raise refused("address", error.detail) from None
        return url.text

    def _changed(
        self, current: Endpoint, command: UpdateEndpointCommand, url: str | None
    ) -> Endpoint:
        now = self._clock.now()
        changed = current if url is None else move(current, url)
        if command.status is EndpointStatus.ACTIVE:
            changed = enable(changed, at=now)
        elif command.status is EndpointStatus.DISABLED:
            changed = disable(changed, by=DisabledBy.PARTNER, at=now)
        types = command.event_types
        changed = replace(
            changed,
            event_types=changed.event_types if types is None else _event_types(types),
            description=command.description or changed.description,
            updated_at=current.updated_at,
            version=current.version,
        )
        if changed == current:
            return current
        return replace(
            changed, updated_at=max(now, current.updated_at), version=current.version + 1
        )

    async def _store(self, tx: Transaction, before: Endpoint, after: Endpoint) -> None:
        if after is before:
            return
        await tx.webhook_endpoints.update(after)
        if after.disabled_by is not None and after.disabled_by is not before.disabled_by:
            await tx.outbox.add(disabled(after, self._ids))

    async def _shown(self, tx: Transaction, endpoint_id: WebhookEndpointId) -> ShownEndpoint:
        return await self._show(tx, await tx.webhook_endpoints.get(endpoint_id))

    async def _show(self, tx: Transaction, endpoint: Endpoint) -> ShownEndpoint:
        keys = await tx.webhook_endpoints.keys(endpoint.id, at=self._clock.now())
        return ShownEndpoint(endpoint=endpoint, public_keys=tuple(each.public_key for each in keys))


async def _require_room(tx: Transaction) -> None:
    """Raises `TooManyWebhookEndpoints`."""
    count = len(await tx.webhook_endpoints.list())
    if count >= ENDPOINTS_MAX:
        raise TooManyWebhookEndpoints("remove an endpoint first", endpoints=count)


def _event_types(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Raises `EventTypesInvalid`, also for what is never told: a misspelt type would be silent."""
    patterns = check_patterns(wanted)
    unknown = [each for each in patterns if each != ALL and not is_told(each)]
    if unknown:
        raise EventTypesInvalid(f"there are no events of the type {unknown[0]}")
    return patterns
