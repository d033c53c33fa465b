"""Ed25519 keys in files: for development, and wherever a file is guarded as well as a key must be.

The private key is one PEM file that nobody but its owner may read. Public keys are PEM files in a
folder, all of them trusted, whatever they are called: a key that is replaced stays there for what
it signed.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from adapters.system.ed25519 import is_signature, key_id, raw, signed_by
from application.ports.signing import Signature, SignerUnavailable

OTHERS: Final = 0o077
PUBLIC_ENDING: Final = ".pub.pem"


class FileSigner:
    """Reads the key anew for each signature: one that is replaced is used from then on.

    With `make_missing` a key is made where there is none, as a sandbox wants it.
    """

    def __init__(self, key: Path, trusted: Path, *, make_missing: bool = False) -> None:
        self._key = key
        self._trusted = trusted
        self._make_missing = make_missing

    async def sign(self, message: bytes) -> Signature:
        return await asyncio.to_thread(self._sign, message)

    def _sign(self, message: bytes) -> Signature:
        if self._make_missing and not self._key.exists():
            make_key(self._key, self._trusted)
        return signed_by(_read_private(self._key), message)


class FileTrustedKeys:
    """Read when first needed, and again for a key that is new."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, bytes] = {}

    async def known(self) -> frozenset[str]:
        self._keys = await asyncio.to_thread(self._read)
        return frozenset(self._keys)

    async def is_signed(self, message: bytes, *, signature: bytes, key_id: str) -> bool:
        public = await self.public_key(key_id)
        return public is not None and is_signature(signature, message, public=public)

    async def public_key(self, key_id: str) -> bytes | None:
        if key_id not in self._keys:
            await self.known()
        return self._keys.get(key_id)

    def _read(self) -> dict[str, bytes]:
        found = [raw(_read_public(path)) for path in sorted(self._folder.glob("*.pem"))]
        return {key_id(each): each for each in found}


def make_key(key: Path, trusted: Path) -> str:
    """The id of a new key. One that was there before is replaced, and its public half kept.

    The public half is there first: nothing is ever signed that nobody can verify.
    """
    private = Ed25519PrivateKey.generate()
    identity = key_id(raw(private.public_key()))
    trusted.mkdir(parents=True, exist_ok=True)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(trusted / f"{identity}{PUBLIC_ENDING}", public, mode=0o644)
    key.parent.mkdir(parents=True, exist_ok=True)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(key, pem, mode=0o600)
    return identity


def _read_private(path: Path) -> Ed25519PrivateKey:
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise SignerUnavailable(
            f"cannot read {path} ({error.strerror}): `aksum ledger seal --new-key` makes a key"
        ) from None
    if mode & OTHERS:
        raise SignerUnavailable(f"others may read {path}: make it 0600, or make a new key")
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SignerUnavailable(f"{path} holds no private key that can be read") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise SignerUnavailable(f"{path} holds no Ed25519 key")
    return private


def _read_public(path: Path) -> Ed25519PublicKey:
    try:
        public = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise SignerUnavailable(f"{path} holds no public key that can be read") from None
    if not isinstance(public, Ed25519PublicKey):
        raise SignerUnavailable(f"{path} holds no Ed25519 key")
    return public


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Whole or not at all, and never readable by more than `mode` says."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
