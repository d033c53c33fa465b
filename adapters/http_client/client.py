"""aiohttp, reduced to what is safe towards a vendor who may have moved money.

aiohttp 3.14 by itself repeats a request whose reused connection turns out to be dead, but only for
the methods of its `IDEMPOTENT_METHODS`, which POST is not; and it re-sends a POST on redirects,
which are therefore never followed. `tests/liquidity/test_http_client.py` holds it to both.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent, Patience

POOL_SIZE: Final = 64
# Well below the idle timeout of any load balancer: a POST on a connection that the server is just
# closing is lost, and a lost execution takes minutes to prove absent.
KEEPALIVE_MS: Final = 10_000
RESPONSE_BYTES_MAX: Final = 4 * 1024 * 1024
GET_ATTEMPTS_MAX: Final = 4
BACKOFF_MS: Final = 50
# The gateway in front of the vendor, not the vendor: the same question may be answered next time.
_ASK_AGAIN: Final = frozenset({502, 503, 504})

Jitter = Callable[[int], int]
"""Draws a whole number from 0 up to and including its argument."""


class HttpClient:
    """One per vendor, for the life of the process, used from one event loop."""

    def __init__(self, *, jitter: Jitter, headers: Mapping[str, str] | None = None) -> None:
        self._jitter = jitter
        # Compressed answers would let a small body unfold past the bound on its size.
        self._headers = {"User-Agent": "aksum", "Accept-Encoding": "identity", **(headers or {})}
        self._session: ClientSession | None = None
        self._closed = False

    async def post(
        self,
        url: URL,
        body: bytes,
        *,
        patience: Patience,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Sends once, whatever happens."""
        return await self._once("POST", url, patience, headers, body)

    async def get(
        self,
        target: Callable[[], URL],
        *,
        patience: Patience,
        attempts: int = 1,
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> Exchange:
        """Asks up to `attempts` times; `target` and `headers` are called for each, to sign anew."""
        signed = headers or dict
        attempts = min(attempts, GET_ATTEMPTS_MAX)
        for attempt in range(1, attempts):
            exchange = await self._once("GET", target(), patience, signed(), None)
            if isinstance(exchange, Answered) and exchange.status not in _ASK_AGAIN:
                return exchange
            await asyncio.sleep(self._jitter(BACKOFF_MS << attempt) / 1000)
        return await self._once("GET", target(), patience, signed(), None)

    async def close(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _once(
        self,
        method: str,
        url: URL,
        patience: Patience,
        headers: Mapping[str, str] | None,
        body: bytes | None,
    ) -> Exchange:
        if self._closed:
            return NotSent("the client is closed")
        try:
            response = await self._open().request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=_timeout(patience),
            )
            return await _read(response)
        except (ConnectionTimeoutError, ClientConnectorError) as error:
            # Raised while connecting only: refused, unresolved, TLS failed, or no free connection.
            return NotSent(_cause(error))
        except TimeoutError as error:
            return Lost(cause=_cause(error), timed_out=True)
        except (ClientError, OSError) as error:
            return Lost(cause=_cause(error), timed_out=False)

    def _open(self) -> ClientSession:
        """Made on first use, because aiohttp binds a session to the running loop."""
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=POOL_SIZE, keepalive_timeout=KEEPALIVE_MS / 1000),
                cookie_jar=DummyCookieJar(),
                headers=self._headers,
                auto_decompress=False,
            )
        return self._session


def _timeout(patience: Patience) -> ClientTimeout:
    # `total` is longer than `connect`: a connection that is never made must end as
    # ConnectionTimeoutError, which proves that nothing was sent, and not as the total's.
    return ClientTimeout(
        total=(patience.connect_ms + patience.read_ms) / 1000,
        connect=patience.connect_ms / 1000,
        sock_read=patience.read_ms / 1000,
    )


async def _read(response: ClientResponse) -> Exchange:
    """The whole body, or `Lost` when it is longer than the bound. aiohttp raises on a short one."""
    try:
        body = await response.content.readany()
        if not response.content.at_eof():
            chunks = [body]
            size = len(body)
            while size <= RESPONSE_BYTES_MAX and (chunk := await response.content.readany()):
                chunks.append(chunk)
                size += len(chunk)
            body = b"".join(chunks)
        if len(body) > RESPONSE_BYTES_MAX:
            return Lost(cause=f"answer above {RESPONSE_BYTES_MAX} bytes", timed_out=False)
        return Answered(response.status, response.headers, body)
    finally:
        # Gives the connection back after a whole body, and closes it after anything less.
        response.release()


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
