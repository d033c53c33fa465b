"""HTTP/1.1 as a load generator needs it: little of it, so that little of the CPU is its own."""

import asyncio
import re
from typing import Final, cast

from typing_extensions import override

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)\r\n", re.IGNORECASE)
_STATUS: Final = slice(9, 12)


class ConnectionLost(OSError):
    """Before an answer was complete, or with an answer that has no length."""


class Connection(asyncio.Protocol):
    """Kept alive, with one request under way at most. Answers must say their length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. Raises `ConnectionLost`."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLost("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        head_end = received.find(_HEAD_END)
        if head_end < 0:
            return
        length = _LENGTH.search(received, 0, head_end + 2)
        if length is None:
            self._fail(ConnectionLost("an answer without a length"))
            return
        body_start = head_end + len(_HEAD_END)
        if len(received) - body_start < int(length[1]):
            return
        self._received = b""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((int(received[_STATUS]), received[body_start:]))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionLost(f"the server ended the connection: {exc}"))

    def _fail(self, error: ConnectionLost) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        if self._transport is not None:
            self._transport.abort()


async def connect(host: str, port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
    return connection


def post(path: str, *, host: str, api_key: str) -> bytes:
    """The start of a request; `finish` makes it whole."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {api_key}\r\n"
        "Content-Type: application/json\r\n"
    ).encode()


def finish(start: bytes, *, key: bytes, body: bytes) -> bytes:
    return b"%bIdempotency-Key: %b\r\nContent-Length: %d\r\n\r\n%b" % (start, key, len(body), body)
