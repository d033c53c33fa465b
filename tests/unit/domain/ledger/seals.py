"""Seals for tests: signed by nobody, over nothing that was read."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.ledger.seal import (
    BlockHeader,
    Contents,
    Seal,
    block_hash,
    new_epoch,
    next_block,
    sealed_until,
)
from domain.shared.ids import OperatorId, TenantId
from domain.tenants.operator import Operator

TENANT = TenantId(UUID("0192f3a1-0000-7000-8000-000000000001"))
KEY = "0123456789abcdef"
REASON = "restored to the state of noon"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWO = (
    Operator(OperatorId(UUID("0192f3a1-0000-7000-8000-000000000011")), "Abena"),
    Operator(OperatorId(UUID("0192f3a1-0000-7000-8000-000000000012")), "Kofi"),
)
MINUTE = timedelta(minutes=1)


def chain(length: int, *, tenant_id: TenantId = TENANT, root: bytes = b"r" * 32) -> list[Seal]:
    seals: list[Seal] = []
    for _ in range(length):
        seals.append(following(seals[-1] if seals else None, tenant_id=tenant_id, root=root))
    return seals


def following(
    head: Seal | None, *, tenant_id: TenantId = TENANT, root: bytes = b"r" * 32, key: str = KEY
) -> Seal:
    end = max(sealed_until(head), START) + MINUTE
    header = next_block(tenant_id, head, Contents(2, 4, root), booked_to=end, at=end + MINUTE)
    return sealed(header, key=key)


def restarted(head: Seal | None, *, after: int = 1) -> Seal:
    at = sealed_until(head) + MINUTE
    return sealed(new_epoch(TENANT, head, after=after, reason=REASON, by=TWO, at=at))


def sealed(header: BlockHeader, *, key: str = KEY) -> Seal:
    return Seal(header=header, hash=block_hash(header), signature=b"s" * 64, key_id=key)
