"""Ed25519, whoever keeps the key. Its id is made of it, so that nobody can choose one."""

from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from application.ports.signing import Signature

KEY_ID_LENGTH: Final = 16


def key_id(public: bytes) -> str:
    """The beginning of the SHA-256 of its 32 bytes."""
    return sha256(public).hexdigest()[:KEY_ID_LENGTH]


def raw(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def signed_by(private: Ed25519PrivateKey, message: bytes) -> Signature:
    return Signature(private.sign(message), key_id(raw(private.public_key())))


def is_signature(signature: bytes, message: bytes, *, public: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True
