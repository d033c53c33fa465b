"""A response as the bytes that leave. Encoding is done by whoever knows the type."""

from collections.abc import Iterable
from typing import Final

import msgspec
from litestar.types import Receive, Scope, Send

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"

# Answers are about money and tenants: no cache may keep one, no browser may guess what it is.
_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))

HeaderLines = Iterable[tuple[bytes, bytes]]
encoder: Final = msgspec.json.Encoder()


class Reply:
    """An ASGI application that sends itself, without the negotiation of the framework's own."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, status: int, body: bytes, *, media_type: bytes = JSON, headers: HeaderLines = ()
    ) -> None:
        self.status = status
        self.body = body
        self.headers = [
            (b"content-type", media_type),
            (b"content-length", b"%d" % len(body)),
            *_ALWAYS,
            *headers,
        ]

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def answer(body: msgspec.Struct, *, status: int = 200, headers: HeaderLines = ()) -> Reply:
    return Reply(status, encoder.encode(body), headers=headers)


def created(
    body: msgspec.Struct, *, location: str, replayed: bool = False, status: int = 201
) -> Reply:
    """Also of something that was created before: `replayed` tells the two apart."""
    headers = [(b"location", location.encode())]
    if replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return Reply(status, encoder.encode(body), headers=headers)
