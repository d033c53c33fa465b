"""Small secrets at rest: each is encrypted with a key of its own, and that key with ours.

Both are AES-256-GCM. Our keys are lines of base64 in one file that nobody but its owner may read:
the first one closes new boxes, all of them open old ones. So a key is replaced by putting a new
line before it, and taken away when no box is left that needs it.

    box = 0x01 | id of our key (8) | nonce (12) | wrapped key (48) | nonce (12) | ciphertext, tag
"""

import asyncio
import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.ports.webhooks import SecretBoxUnavailable

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
WRAPPED_BYTES: Final = KEY_BYTES + 16
VERSION: Final = b"\x01"
WRAPPING: Final = b"a key of one box"
OTHERS: Final = 0o077


class FileSecretBox:
    """With `make_missing` a key is made where there is none, as a sandbox wants it."""

    def __init__(self, path: Path, *, make_missing: bool = False) -> None:
        self._path = path
        self._make_missing = make_missing
        self._keys: Mapping[bytes, bytes] = {}

    async def close(self, secret: bytes, *, context: bytes) -> bytes:
        keys = self._keys or await self._read()
        key_id, key = next(iter(keys.items()))
        own = AESGCM.generate_key(8 * KEY_BYTES)
        first, second = os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
        wrapped = AESGCM(key).encrypt(first, own, WRAPPING)
        sealed = AESGCM(own).encrypt(second, secret, context)
        return b"".join((VERSION, key_id, first, wrapped, second, sealed))

    async def open(self, boxed: bytes, *, context: bytes) -> bytes:
        version, key_id, first, wrapped, second, sealed = _parts(boxed)
        if version != VERSION:
            raise SecretBoxUnavailable("the box is of a kind that this code does not know")
        key = self._keys.get(key_id) or (await self._read()).get(key_id)
        if key is None:
            raise SecretBoxUnavailable(
                f"{self._path} lacks the key {key_id.hex()}, which a stored secret needs"
            )
        try:
            own = AESGCM(key).decrypt(first, wrapped, WRAPPING)
            return AESGCM(own).decrypt(second, sealed, context)
        except InvalidTag:
            raise SecretBoxUnavailable(
                "the box was changed, or belongs to something else"
            ) from None

    async def _read(self) -> Mapping[bytes, bytes]:
        self._keys = await asyncio.to_thread(self._read_file)
        return self._keys

    def _read_file(self) -> Mapping[bytes, bytes]:
        if self._make_missing and not self._path.exists():
            _make(self._path)
        try:
            mode, text = self._path.stat().st_mode, self._path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretBoxUnavailable(
                f"cannot read {self._path} ({type(error).__name__}): it holds a line of base64 "
                "for each key, `openssl rand -base64 32` makes one"
            ) from None
        if mode & OTHERS:
            raise SecretBoxUnavailable(f"others may read {self._path}: make it 0600")
        keys = [_key(line, self._path) for line in text.split()]
        if not keys:
            raise SecretBoxUnavailable(f"{self._path} holds no key")
        return {sha256(key).digest()[:KEY_ID_BYTES]: key for key in keys}


def _key(line: str, path: Path) -> bytes:
    try:
        key = b64decode(line, validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretBoxUnavailable(f"{path} has a line that is not {KEY_BYTES} bytes of base64")
    return key


def _make(path: Path) -> None:
    """Several processes may start at once: the first file that is complete is everybody's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b64encode(os.urandom(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(descriptor)
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _parts(boxed: bytes) -> list[bytes]:
    parts = []
    for length in (len(VERSION), KEY_ID_BYTES, NONCE_BYTES, WRAPPED_BYTES, NONCE_BYTES):
        parts.append(boxed[:length])
        boxed = boxed[length:]
    return [*parts, boxed]
