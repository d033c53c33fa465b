"""Idempotent requests: one key, one effect, and the same answer for ever after.

A record commits with its effect and names the resource; a replay renders the resource as it is
now. Refusals that could turn out otherwise on a second try are stored too, so that a client that
retries learns what was decided and not what would be decided today.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from application import crash_points
from application.errors import IdempotencyKeyReused, InsufficientFunds
from application.ports.idempotency import IdempotencyRecord, IdempotentRequest, Refusal
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.quotes.lifecycle import QuoteExpired
from domain.quotes.limits import AmountAboveMaximum, AmountBelowMinimum, QuoteTooSmall
from domain.shared.errors import DomainError
from domain.shared.ids import TenantId

T = TypeVar("T")

# All that a client sees as `limit_exceeded`.
LIMIT_EXCEEDED: Final = (AmountAboveMaximum, AmountBelowMinimum, QuoteTooSmall)
STORED_REFUSALS: Final[Mapping[str, type[DomainError]]] = {
    error.code: error for error in (InsufficientFunds, QuoteExpired, *LIMIT_EXCEEDED)
}


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A use case's result, and whether an earlier request with the same key had the effect."""

    value: T
    replayed: bool = False


def fingerprint(route: str, body: object) -> bytes:
    """SHA-256 over the route and the decoded body, so that white space does not matter."""
    digest = hashlib.sha256(route.encode())
    digest.update(b"\0")
    digest.update(msgspec.json.encode(body, order="deterministic"))
    return digest.digest()


def resource_of(record: IdempotencyRecord, request: IdempotentRequest) -> UUID:
    """What the earlier request made. Raises its stored refusal, or `IdempotencyKeyReused`."""
    if record.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused("this key was used for another request", key=request.key)
    if record.refusal is not None:
        raise_stored(record.refusal)
    if record.resource_id is None:
        raise IdempotencyKeyReused("this key was used for another request", key=request.key)
    return record.resource_id


def raise_stored(refusal: Refusal) -> None:
    error = STORED_REFUSALS[refusal.code]
    context: dict[str, object] = {
        name: int(value) if name.endswith("_units") else value
        for name, value in refusal.context.items()
    }
    raise error(refusal.detail, replayed=True, **context)


async def earlier(tx: Transaction, request: IdempotentRequest) -> UUID | None:
    """The resource an earlier request with this key made, if there was one. Raises as above."""
    return await _replayed(await tx.idempotency.find(request.key), request)


async def claim(
    tx: Transaction, request: IdempotentRequest, *, resource: str, resource_id: UUID
) -> UUID | None:
    """Takes the key for `resource_id`; the earlier resource's id when it was taken already."""
    taken = await tx.idempotency.claim(
        IdempotencyRecord(
            key=request.key,
            fingerprint=request.fingerprint,
            resource=resource,
            resource_id=resource_id,
        )
    )
    return await _replayed(taken, request)


async def _replayed(record: IdempotencyRecord | None, request: IdempotentRequest) -> UUID | None:
    if record is None:
        return None
    if crash_points.armed:
        await crash_points.reach(crash_points.KEY_REPLAYED)
    return resource_of(record, request)


async def store_refusal(
    uow: UnitOfWork,
    tenant_id: TenantId,
    request: IdempotentRequest,
    *,
    resource: str,
    error: DomainError,
) -> UUID | None:
    """Keeps a refusal under its key, unless the key got an outcome in the meantime.

    Then that outcome wins: its resource is returned, or its refusal raised.
    """
    async with uow.begin(tenant_id) as tx:
        taken = await tx.idempotency.claim(
            IdempotencyRecord(
                key=request.key,
                fingerprint=request.fingerprint,
                resource=resource,
                refusal=Refusal(
                    error.code,
                    error.detail,
                    {name: str(value) for name, value in error.context.items()},
                ),
            )
        )
        if crash_points.armed:
            await crash_points.reach(crash_points.REFUSAL_BEFORE_COMMIT)
        await tx.commit()
    if crash_points.armed:
        await crash_points.reach(crash_points.REFUSAL_STORED)
    return None if taken is None else resource_of(taken, request)
