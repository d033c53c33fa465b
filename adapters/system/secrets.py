import secrets
from string import ascii_letters, digits
from typing import Final

# Base62: nothing that a shell, a URL or a double click would treat differently.
ALPHABET: Final = digits + ascii_letters


class SystemSecrets:
    def token(self, length: int) -> str:
        return "".join(secrets.choice(ALPHABET) for _ in range(length))
