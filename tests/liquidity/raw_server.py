"""A server that does to a connection what it is told, for what no well-behaved one would do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Answers one request; a connection that it leaves open is used for the next."""


class RawServer:
    """`requests` are the request lines and bodies in order of arrival, over all connections."""

    def __init__(self, replies: tuple[Reply, ...]) -> None:
        self._replies = list(replies)
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.arrived = asyncio.Event()
        self.requests: list[tuple[str, bytes]] = []
        self.heads: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                self.requests.append((head.split(b"\r\n", 1)[0].decode(), body))
                self.heads.append(head.decode())
                self.arrived.set()
                await self._replies.pop(0)(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def hang_up(self) -> None:
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


@asynccontextmanager
async def raw_server(
    *replies: Reply, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    raw = RawServer(replies)
    server = await asyncio.start_server(raw.serve, host, port, ssl=tls)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        await raw.hang_up()
        await server.wait_closed()


def says(status: int, body: bytes = b"{}", *headers: str, declared: int | None = None) -> Reply:
    """`declared` is the length in the header, where it is to differ from the body's."""
    length = len(body) if declared is None else declared
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {length}", *headers, "", ""]
    answer = "\r\n".join(lines).encode() + body

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if declared is not None:
            writer.close()

    return reply


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resets(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def keeps_silent(writer: asyncio.StreamWriter) -> None:
    """Until the client gives up or the server is stopped."""
    with suppress(ConnectionError):
        await writer.wait_closed()
