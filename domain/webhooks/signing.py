"""Signatures as Standard Webhooks 1.0 has them. The Ed25519 ones are made elsewhere: see the port.

What is signed is `id.timestamp.body`, the bytes of the body as they are sent. Several signatures,
of two kinds and of two keys while a key is replaced, stand in one header, with spaces between.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

from ..shared.errors import invariant

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how every secret begins
PUBLIC_KEY_PREFIX: Final = "whpk_"
# The specification asks for 24 to 64.
SECRET_BYTES: Final = 32


def timestamp_of(at: datetime) -> int:
    """Whole seconds since 1970, as the header has them."""
    return int(at.timestamp())


def signed_content(message_id: str, timestamp: int, body: bytes) -> bytes:
    invariant("." not in message_id, "a dot in the id would make the content ambiguous")
    return f"{message_id}.{timestamp}.".encode() + body


def hmac_signature(secret: bytes, content: bytes) -> str:
    return f"v1,{_text(hmac.digest(secret, content, sha256))}"


def ed25519_signature(raw: bytes) -> str:
    return f"v1a,{_text(raw)}"


def signature_header(signatures: Iterable[str]) -> str:
    return " ".join(signatures)


def secret_text(secret: bytes) -> str:
    """What the partner's library is given, shown once."""
    invariant(len(secret) == SECRET_BYTES, "a secret has 32 bytes")
    return SECRET_PREFIX + _text(secret)


def public_key_text(raw: bytes) -> str:
    return PUBLIC_KEY_PREFIX + _text(raw)


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
