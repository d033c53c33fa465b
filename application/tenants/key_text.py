"""An API key as its holder sees it: `ak_test_<lookup>_<secret>_<checksum>`.

The prefix says what it is and for which environment, the checksum lets scanners of leaked secrets
recognise it offline. `lookup` finds the key; of the secret only the SHA-256 is kept, which is
enough for 256 random bits.
"""

import hashlib
import hmac
import re
import zlib
from enum import StrEnum
from typing import Final

import msgspec

LOOKUP_LENGTH: Final = 16
SECRET_LENGTH: Final = 43
_CHECKSUM_LENGTH: Final = 6
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM: Final = re.compile(
    rf"ak_(test|live)_([0-9A-Za-z]{{{LOOKUP_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})"
    rf"_([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)


class Environment(StrEnum):
    TEST = "test"
    LIVE = "live"


class KeyText(msgspec.Struct, frozen=True):
    environment: Environment
    lookup: str
    secret: str

    def render(self) -> str:
        body = f"ak_{self.environment}_{self.lookup}_{self.secret}"
        return f"{body}_{_checksum(body)}"

    @property
    def secret_hash(self) -> bytes:
        return hashlib.sha256(self.secret.encode()).digest()

    def proves(self, secret_hash: bytes) -> bool:
        return hmac.compare_digest(self.secret_hash, secret_hash)


def parse_key(text: str) -> KeyText | None:
    """None for anything that was never one of our keys, without asking the database."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    environment, lookup, secret, checksum = found.groups()
    if checksum != _checksum(text[: -_CHECKSUM_LENGTH - 1]):
        return None
    return KeyText(Environment(environment), lookup, secret)


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
