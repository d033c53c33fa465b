from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.system.ed25519 import is_signature, key_id, raw, signed_by
from application.ports.signing import Signature, SignerUnavailable


class MemoryKeys:
    """Signs, and trusts what it made itself. There is no key until one is made."""

    def __init__(self) -> None:
        self._current: Ed25519PrivateKey | None = None
        self._trusted: dict[str, bytes] = {}

    def make_key(self) -> str:
        """The id of a new key. The one before signs no more, and stays trusted."""
        self._current = Ed25519PrivateKey.generate()
        public = raw(self._current.public_key())
        self._trusted[key_id(public)] = public
        return key_id(public)

    def lose_key(self) -> None:
        """Nothing is signed any more; what was, can still be verified."""
        self._current = None

    async def sign(self, message: bytes) -> Signature:
        if self._current is None:
            raise SignerUnavailable("no key was made, or it was lost")
        return signed_by(self._current, message)

    async def known(self) -> frozenset[str]:
        return frozenset(self._trusted)

    async def is_signed(self, message: bytes, *, signature: bytes, key_id: str) -> bool:
        public = self._trusted.get(key_id)
        return public is not None and is_signature(signature, message, public=public)

    async def public_key(self, key_id: str) -> bytes | None:
        return self._trusted.get(key_id)
