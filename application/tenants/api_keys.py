from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from application.idempotency import claim
from application.ports.clock import Clock, IdGenerator, SecretGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.parties import ApiKey, KeyStatus
from application.ports.unit_of_work import Transaction, UnitOfWork
from application.tenants.announcing import key_announcement
from application.tenants.key_text import LOOKUP_LENGTH, SECRET_LENGTH, Environment, KeyText
from domain.shared.errors import Conflict, RuleViolation
from domain.shared.ids import ApiKeyId, EventId, OperatorId, TenantId
from domain.tenants.operator import OperatorHasKey, is_same_name, operator_name
from domain.tenants.permissions import Scope, require_scope
from domain.tenants.tenant import HOUSE_TENANT_ID

ACTIVE_MAX: Final = 20
OVERLAP: Final = timedelta(hours=24)
OVERLAP_MAX: Final = timedelta(days=7)
RESOURCE: Final = "api_key"


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
    - The operator scope exists in the house only. An operator's key is a person's own, labelled
      with their name: one name is one person for ever, and one person has one key at a time.
    - Who lost a key gets a new one under the same name once the old one is revoked or has ended.
    - Whoever makes or rotates a key by key holds every scope of it: no key makes a mightier one.
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
        _check_grantable(tenant_id, scopes)
        async with self._uow.begin(tenant_id) as tx:
            new = await self._made(tx, frozenset(scopes), label)
            await self._add(tx, new)
            await tx.commit()
        return new

    async def create_once(
        self,
        tenant_id: TenantId,
        request: IdempotentRequest,
        *,
        grantor: AbstractSet[Scope],
        scopes: AbstractSet[Scope],
        label: str,
    ) -> NewKey | ApiKey:
        """The key without its text when an earlier copy of the request made it."""
        _check_grantable(tenant_id, scopes)
        _check_granted(grantor, scopes)
        async with self._uow.begin(tenant_id) as tx:
            new = await self._made(tx, frozenset(scopes), label)
            earlier = await claim(tx, request, resource=RESOURCE, resource_id=new.key.id)
            if earlier is not None:
                return await tx.api_keys.get(ApiKeyId(earlier))
            await self._add(tx, new)
            await tx.commit()
        return new

    async def rotate(
        self, tenant_id: TenantId, key_id: ApiKeyId, *, overlap: timedelta = OVERLAP
    ) -> NewKey:
        async with self._uow.begin(tenant_id) as tx:
            old = await tx.api_keys.get(key_id)
            new = self._new(old.scopes, old.label, old.operator_id)
            await self._replace(tx, old, new, overlap)
            await tx.commit()
        return new

    async def rotate_once(
        self,
        tenant_id: TenantId,
        key_id: ApiKeyId,
        request: IdempotentRequest,
        *,
        grantor: AbstractSet[Scope],
        overlap: timedelta = OVERLAP,
    ) -> NewKey | ApiKey:
        """The new key without its text when an earlier copy of the request made it."""
        async with self._uow.begin(tenant_id) as tx:
            old = await tx.api_keys.get(key_id)
            _check_granted(grantor, old.scopes)
            new = self._new(old.scopes, old.label, old.operator_id)
            earlier = await claim(tx, request, resource=RESOURCE, resource_id=new.key.id)
            if earlier is not None:
                return await tx.api_keys.get(ApiKeyId(earlier))
            await self._replace(tx, old, new, overlap)
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
            await self._write(tx, revoked)
            await tx.commit()
            return revoked

    async def list(self, tenant_id: TenantId) -> tuple[ApiKey, ...]:
        async with self._uow.begin(tenant_id) as tx:
            return await tx.api_keys.list()

    async def _add(self, tx: Transaction, new: NewKey) -> None:
        await _require_room(tx, new, at_most=ACTIVE_MAX)
        await self._write(tx, new.key)

    async def _replace(self, tx: Transaction, old: ApiKey, new: NewKey, overlap: timedelta) -> None:
        if not _is_usable(old, new.key.created_at):
            raise Conflict("only an active key can be rotated")
        # Each key may have its successor beside it for a while.
        await _require_room(tx, new, at_most=2 * ACTIVE_MAX)
        now = new.key.created_at
        ends_at = now + min(max(overlap, timedelta(0)), OVERLAP_MAX)
        replaced = replace(
            old,
            # A second rotation must not give the old key more time than the first did.
            expires_at=ends_at if old.expires_at is None else min(old.expires_at, ends_at),
            updated_at=now,
            version=old.version + 1,
        )
        await self._write(tx, replaced)
        # After the old one has got its end: an operator has one key without.
        await self._write(tx, new.key)

    async def _write(self, tx: Transaction, key: ApiKey) -> None:
        if key.version == 1:
            await tx.api_keys.add(key)
        else:
            await tx.api_keys.update(key)
        await tx.outbox.add(key_announcement(EventId(self._ids.new()), key))

    async def _made(self, tx: Transaction, scopes: frozenset[Scope], label: str) -> NewKey:
        """Raises `OperatorHasKey`."""
        if Scope.OPERATOR not in scopes:
            return self._new(scopes, label, None)
        theirs = [
            key
            for key in await tx.api_keys.list()
            if key.operator_id is not None and is_same_name(key.label, label)
        ]
        if any(_is_usable(key, self._clock.now()) for key in theirs):
            raise OperatorHasKey("this person has a key: rotate it, or revoke it first")
        if theirs:
            return self._new(scopes, theirs[0].label, theirs[0].operator_id)
        return self._new(scopes, operator_name(label), OperatorId(self._ids.new()))

    def _new(self, scopes: frozenset[Scope], label: str, operator_id: OperatorId | None) -> NewKey:
        now = self._clock.now()
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
            operator_id=operator_id,
            created_at=now,
            updated_at=now,
        )
        return NewKey(key, text.render())


def _is_usable(key: ApiKey, at: datetime) -> bool:
    """What was rotated stays active by name when its overlap has ended."""
    return key.status is KeyStatus.ACTIVE and (key.expires_at is None or key.expires_at > at)


async def _require_room(tx: Transaction, new: NewKey, *, at_most: int) -> None:
    """Raises `TooManyKeys`."""
    at = new.key.created_at
    usable = sum(_is_usable(key, at) for key in await tx.api_keys.list())
    if usable >= at_most:
        raise TooManyKeys("revoke a key first", active=usable)


def _check_grantable(tenant_id: TenantId, scopes: AbstractSet[Scope]) -> None:
    if (Scope.OPERATOR in scopes) != (tenant_id == HOUSE_TENANT_ID):
        raise ScopeNotGrantable("operators, and nobody else, belong to the house")


def _check_granted(grantor: AbstractSet[Scope], scopes: AbstractSet[Scope]) -> None:
    """Raises `InsufficientScope` for the first scope the grantor lacks."""
    for scope in sorted(scopes):
        require_scope(grantor, scope)
