from datetime import datetime, timedelta
from typing import Final

import msgspec

from application.errors import Unauthenticated
from application.ports.clock import Clock
from application.ports.parties import AccessDirectory, ApiKey, KeyStatus
from application.ports.unit_of_work import UnitOfWork
from application.single_flight import SingleFlight
from application.tenants.key_text import Environment, KeyText, parse_key
from domain.shared.ids import ApiKeyId, TenantId
from domain.tenants.operator import Operator
from domain.tenants.permissions import InsufficientScope, Scope, require_scope
from domain.tenants.tenant import HOUSE_TENANT_ID

# How long a revoked key may still work in a process that has just seen it.
CACHE_AGE: Final = timedelta(seconds=1)
CACHE_MAX: Final = 10_000


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: a key of one tenant. `operator` is the person behind an operator's key."""

    tenant_id: TenantId
    key_id: ApiKeyId
    scopes: frozenset[Scope]
    operator: Operator | None = None


class Authenticate:
    """- A key names its tenant through the directory; everything after that is inside the tenant.
    - Every way to fail looks the same from outside.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        directory: AccessDirectory,
        clock: Clock,
        environment: Environment,
    ) -> None:
        self._uow = uow
        self._directory = directory
        self._clock = clock
        self._environment = environment
        self._seen: dict[str, tuple[datetime, TenantId, ApiKey]] = {}
        self._reads: SingleFlight[str, tuple[TenantId, ApiKey]] = SingleFlight()

    async def execute(self, presented: str) -> Principal:
        """Raises `Unauthenticated`."""
        text = parse_key(presented)
        if text is None or text.environment is not self._environment:
            raise Unauthenticated("the API key is not valid")
        now = self._clock.now()
        tenant_id, key = await self._find(text, now)
        ended = key.expires_at is not None and key.expires_at <= now
        if key.status is not KeyStatus.ACTIVE or ended or not text.proves(key.secret_hash):
            raise Unauthenticated("the API key is not valid")
        person = None if key.operator_id is None else Operator(key.operator_id, key.label)
        return Principal(tenant_id, key.id, key.scopes, person)

    async def _find(self, text: KeyText, now: datetime) -> tuple[TenantId, ApiKey]:
        cached = self._seen.get(text.lookup)
        if cached is not None and now - cached[0] < CACHE_AGE:
            return cached[1], cached[2]
        return await self._reads.get(text.lookup, lambda: self._read(text.lookup, now))

    async def _read(self, lookup: str, now: datetime) -> tuple[TenantId, ApiKey]:
        tenant_id = await self._directory.tenant_of_key(lookup)
        if tenant_id is None:
            raise Unauthenticated("the API key is not valid")
        async with self._uow.begin(tenant_id) as tx:
            key = await tx.api_keys.find(lookup)
        if key is None:
            raise Unauthenticated("the API key is not valid")
        if len(self._seen) >= CACHE_MAX:
            self._seen.clear()
        self._seen[lookup] = (now, tenant_id, key)
        return tenant_id, key


def operator_of(principal: Principal) -> Operator:
    """Raises `InsufficientScope` for a key of a partner."""
    person = principal.operator
    if principal.tenant_id != HOUSE_TENANT_ID or person is None:
        raise InsufficientScope("this takes the key of an operator", scope=Scope.OPERATOR)
    require_scope(principal.scopes, Scope.OPERATOR)
    return person
