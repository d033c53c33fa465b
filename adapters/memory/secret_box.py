import os

from application.ports.webhooks import SecretBoxUnavailable


class MemorySecretBox:
    """Boxes are tokens; what is in them never leaves this object."""

    def __init__(self) -> None:
        self._secrets: dict[bytes, tuple[bytes, bytes]] = {}

    async def close(self, secret: bytes, *, context: bytes) -> bytes:
        boxed = os.urandom(64)
        self._secrets[boxed] = (secret, context)
        return boxed

    async def open(self, boxed: bytes, *, context: bytes) -> bytes:
        secret, closed_for = self._secrets.get(boxed, (b"", None))
        if closed_for != context:
            raise SecretBoxUnavailable("the box was changed, or belongs to something else")
        return secret
