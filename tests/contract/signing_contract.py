from abc import ABC, abstractmethod
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from application.ports.signing import Signer, SignerUnavailable, TrustedKeys

MESSAGE = b"the hash of a block"


class Keys(ABC):
    """A signer, the keys that are trusted, and what an operator does to them."""

    signer: Signer
    trusted: TrustedKeys

    @abstractmethod
    def make(self) -> str:
        """The id of a new key, which replaces the one before."""
        ...

    @abstractmethod
    def lose(self) -> None: ...


class SigningContract:
    async def test_no_key_signs_nothing(self, keys: Keys) -> None:
        with pytest.raises(SignerUnavailable):
            await keys.signer.sign(MESSAGE)
        assert await keys.trusted.known() == frozenset()
        assert await keys.trusted.public_key("0123456789abcdef") is None

    async def test_signature_of_a_trusted_key_is_recognised(self, keys: Keys) -> None:
        made = keys.make()
        signature = await keys.signer.sign(MESSAGE)
        assert signature.key_id == made
        assert await keys.trusted.known() == {made}
        assert await keys.trusted.is_signed(MESSAGE, signature=signature.value, key_id=made)

    async def test_signature_is_ed25519_over_the_message_itself(self, keys: Keys) -> None:
        """So that whoever has the public key needs nothing of ours."""
        made = keys.make()
        public = await keys.trusted.public_key(made)
        assert public is not None
        assert sha256(public).hexdigest().startswith(made)
        signature = await keys.signer.sign(MESSAGE)
        Ed25519PublicKey.from_public_bytes(public).verify(signature.value, MESSAGE)

    async def test_same_message_is_signed_alike(self, keys: Keys) -> None:
        """A block that was signed and not written down is signed again after a crash."""
        keys.make()
        assert await keys.signer.sign(MESSAGE) == await keys.signer.sign(MESSAGE)
        assert await keys.signer.sign(MESSAGE) != await keys.signer.sign(MESSAGE + b"!")

    async def test_anything_else_is_not_signed(self, keys: Keys, strangers: Keys) -> None:
        made, theirs = keys.make(), strangers.make()
        signature = (await keys.signer.sign(MESSAGE)).value
        forged = (await strangers.signer.sign(MESSAGE)).value
        bent = [bytes([signature[0] ^ 1]) + signature[1:], signature[:-1], signature + b"\0", b""]
        assert await keys.trusted.is_signed(MESSAGE, signature=signature, key_id=made)
        for message, value, key_id in (
            (MESSAGE + b"!", signature, made),
            *((MESSAGE, each, made) for each in bent),
            (MESSAGE, signature, theirs),
            (MESSAGE, forged, theirs),
            (MESSAGE, forged, made),
        ):
            assert not await keys.trusted.is_signed(message, signature=value, key_id=key_id)
        assert await keys.trusted.public_key(theirs) is None

    async def test_replaced_key_stays_trusted_and_signs_no_more(self, keys: Keys) -> None:
        first = keys.make()
        before = await keys.signer.sign(MESSAGE)
        assert await keys.trusted.known() == {first}
        second = keys.make()
        after = await keys.signer.sign(MESSAGE)
        assert (before.key_id, after.key_id) == (first, second)
        for each in (before, after):
            assert await keys.trusted.is_signed(MESSAGE, signature=each.value, key_id=each.key_id)

    async def test_lost_key_is_said_and_what_it_signed_verifies(self, keys: Keys) -> None:
        keys.make()
        signature = await keys.signer.sign(MESSAGE)
        keys.lose()
        with pytest.raises(SignerUnavailable):
            await keys.signer.sign(MESSAGE)
        assert await keys.trusted.is_signed(
            MESSAGE, signature=signature.value, key_id=signature.key_id
        )
