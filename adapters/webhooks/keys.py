"""What deliveries are signed with: 32 bytes for HMAC-SHA256 and the seed of an Ed25519 key.

Both of one endpoint are in one box, which is bound to that endpoint and to their number.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from application.ports.webhooks import NewKeys, SecretBox, SigningKeys
from domain.shared.errors import invariant
from domain.shared.ids import TenantId, WebhookEndpointId
from domain.webhooks.signing import (
    SECRET_BYTES,
    ed25519_signature,
    hmac_signature,
    public_key_text,
    secret_text,
)

SEED_BYTES: Final = 32


class BoxedWebhookKeys:
    """Opened keys are not kept: what is not in memory cannot be found there."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    async def make(
        self, tenant_id: TenantId, endpoint_id: WebhookEndpointId, *, number: int, at: datetime
    ) -> NewKeys:
        secret, seed = os.urandom(SECRET_BYTES), os.urandom(SEED_BYTES)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        keys = SigningKeys(
            number=number,
            boxed=await self._box.close(
                secret + seed, context=_context(tenant_id, endpoint_id, number)
            ),
            public_key=public_key_text(public.public_bytes(Encoding.Raw, PublicFormat.Raw)),
            created_at=at,
        )
        return NewKeys(keys=keys, secret=secret_text(secret))

    async def sign(
        self,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        keys: Sequence[SigningKeys],
        content: bytes,
    ) -> tuple[str, ...]:
        signatures: list[str] = []
        for each in keys:
            context = _context(tenant_id, endpoint_id, each.number)
            opened = await self._box.open(each.boxed, context=context)
            invariant(len(opened) == SECRET_BYTES + SEED_BYTES, "a box holds both keys")
            secret, seed = opened[:SECRET_BYTES], opened[SECRET_BYTES:]
            signatures += (
                hmac_signature(secret, content),
                ed25519_signature(Ed25519PrivateKey.from_private_bytes(seed).sign(content)),
            )
        return tuple(signatures)


def _context(tenant_id: TenantId, endpoint_id: WebhookEndpointId, number: int) -> bytes:
    return b"|".join((b"webhook", tenant_id.bytes, endpoint_id.bytes, str(number).encode()))
