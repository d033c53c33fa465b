from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from application.ports.clock import Clock, IdGenerator, SecretGenerator
from application.ports.parties import ApiKey, KeyStatus
from application.ports.unit_of_work import UnitOfWork
from application.tenants.key_text import LOOKUP_LENGTH, SECRET_LENGTH, Environment, KeyText
from domain.shared.errors import Conflict, RuleViolation
from domain.shared.ids import ApiKeyId, TenantId
from domain.tenants.permissions import Scope
from domain.tenants.tenant import HOUSE_TENANT_ID

ACTIVE_MAX: Final = 20
OVERLAP_MAX: Final = timedelta(days=7)


class TooManyKeys(Conflict):
    code = "too_many_keys"


class ScopeNotGrantable(RuleViolation):
    code = "scope_not_grantable"


class NewKey(msgspec.Struct, frozen=True):
    """`text` is shown this once and is not kept anywhere."""

    key: ApiKey
    text: str


class ManageApiKeys:
    """- A key's text is shown once; afterwards it can only be rotated or revoked.
    - Rotation makes a second key with the same scopes; the first ends after an overlap.
    - The operator scope exists in the house only, one personal key per person.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        clock: Clock,
        ids: IdGenerator,
        secrets: SecretGenerator,
        environment: Environment,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._secrets = secrets
        self._environment = environment

    async def create(
        self, tenant_id: TenantId, *, scopes: AbstractSet[Scope], label: str
    ) -> NewKey:
        if (Scope.OPERATOR in scopes) != (tenant_id == HOUSE_TENANT_ID):
            raise ScopeNotGrantable("operators, and nobody else, belong to the house")
        new = self._new(frozenset(scopes), label, self._clock.now())
        async with self._uow.begin(tenant_id) as tx:
            active = [key for key in await tx.api_keys.list() if key.status is KeyStatus.ACTIVE]
            if len(active) >= ACTIVE_MAX:
                raise TooManyKeys("revoke a key first", active=len(active))
            await tx.api_keys.add(new.key)
            await tx.commit()
        return new

    async def rotate(
        self, tenant_id: TenantId, key_id: ApiKeyId, *, overlap: timedelta = timedelta(hours=24)
    ) -> NewKey:
        now = self._clock.now()
        async with self._uow.begin(tenant_id) as tx:
            old = await tx.api_keys.get(key_id)
            if old.status is not KeyStatus.ACTIVE:
                raise Conflict("only an active key can be rotated")
            new = self._new(old.scopes, old.label, now)
            await tx.api_keys.add(new.key)
            await tx.api_keys.update(
                replace(
                    old,
                    expires_at=now + min(max(overlap, timedelta(0)), OVERLAP_MAX),
                    updated_at=now,
                    version=old.version + 1,
                )
            )
            await tx.commit()
        return new

    async def revoke(self, tenant_id: TenantId, key_id: ApiKeyId) -> ApiKey:
        async with self._uow.begin(tenant_id) as tx:
            key = await tx.api_keys.get(key_id)
            if key.status is KeyStatus.REVOKED:
                return key
            revoked = replace(
                key,
                status=KeyStatus.REVOKED,
                updated_at=self._clock.now(),
                version=key.version + 1,
            )
            await tx.api_keys.update(revoked)
            await tx.commit()
            return revoked

    async def list(self, tenant_id: TenantId) -> tuple[ApiKey, ...]:
        async with self._uow.begin(tenant_id) as tx:
            return await tx.api_keys.list()

    def _new(self, scopes: frozenset[Scope], label: str, now: datetime) -> NewKey:
        text = KeyText(
            self._environment,
            self._secrets.token(LOOKUP_LENGTH),
            self._secrets.token(SECRET_LENGTH),
        )
        key = ApiKey(
            id=ApiKeyId(self._ids.new()),
            lookup=text.lookup,
            secret_hash=text.secret_hash,
            scopes=scopes,
            label=label,
            created_at=now,
            updated_at=now,
        )
        return NewKey(key, text.render())
