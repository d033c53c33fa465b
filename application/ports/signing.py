"""Signatures over seals. A signer may be far away: never called inside a transaction."""

from abc import abstractmethod
from typing import ClassVar, Protocol

import msgspec

from domain.shared.errors import Conflict


class SignerUnavailable(Conflict):
    """There is no key to sign with, or it must not be used. Nothing happened."""

    code: ClassVar[str] = "signer_unavailable"


class Signature(msgspec.Struct, frozen=True):
    """Ed25519. `key_id` names the key that made it."""

    value: bytes
    key_id: str


class Signer(Protocol):
    @abstractmethod
    async def sign(self, message: bytes) -> Signature:
        """By the key that is current. Raises `SignerUnavailable`."""
        ...


class TrustedKeys(Protocol):
    """Public keys that were ours at some time: those that were replaced stay, for what they signed.

    Any method raises `SignerUnavailable` when what should be a key is none.
    """

    @abstractmethod
    async def known(self) -> frozenset[str]:
        """Ids of all of them; none when this process was given no keys."""
        ...

    @abstractmethod
    async def is_signed(self, message: bytes, *, signature: bytes, key_id: str) -> bool:
        """False for a key that is not trusted, too."""
        ...

    @abstractmethod
    async def public_key(self, key_id: str) -> bytes | None:
        """The 32 bytes of it, None when it is not trusted."""
        ...
