"""One attempt: one POST to a vetted address, no redirect, and little of the answer.

The name is resolved for each attempt anew and every address vetted; the connection is then made to
one of those, with the name in SNI and Host. Each socket is vetted once more as it is made, so that
nothing in between can lead elsewhere.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import (
    AddrInfoType,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from adapters.webhooks.resolver import AddressRefused, Vetting
from application.ports.webhooks import TargetRefused
from domain.shared.errors import invariant
from domain.webhooks.answer import Answer, Answered, Cause, NoAnswer
from domain.webhooks.url import WebhookUrl, WebhookUrlRefused, parse_url

# Until the status is known.
TOTAL_MS: Final = 15_000
# Of an answer whose status is known, this much is waited for and kept.
CAPTURE_MS: Final = 1_000
CAPTURE_BYTES: Final = 1_024
REQUEST_BYTES_MAX: Final = 20_000
READ_BUFFER_BYTES: Final = 4 * 1_024
HEADERS: Final = {
    "User-Agent": "Aksum-Webhooks/1",
    "Content-Type": "application/json",
    # Compressed answers would let a small body unfold past the bound on its size.
    "Accept-Encoding": "identity",
}
_KEPT_AS_THEY_ARE: Final = "\n\t"


class WebhookClient:
    """`WebhookSender` of the application. One for a process, used from one event loop."""

    def __init__(
        self, vetting: Vetting, *, tls: ssl.SSLContext | None = None, total_ms: int = TOTAL_MS
    ) -> None:
        self._vetting = vetting
        self._tls = tls
        self._total_ms = total_ms
        self._session: ClientSession | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        invariant(len(body) <= REQUEST_BYTES_MAX, "an event is bounded where it is made")
        try:
            target = parse_url(url, loopback=self._vetting.takes_loopback)
        except WebhookUrlRefused as refused:
            return NoAnswer(cause=Cause.URL_REFUSED, detail=refused.detail)
        try:
            async with asyncio.timeout(self._total_ms / 1_000):
                response = await self._post(target, headers, body)
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            return _no_answer(error)
        # From here on there is an answer, whatever becomes of its body.
        try:
            return Answered(
                status=response.status,
                retry_after=response.headers.get("Retry-After"),
                body=_shown(await _beginning(response)),
            )
        finally:
            response.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(
        self, target: WebhookUrl, headers: Mapping[str, str], body: bytes
    ) -> ClientResponse:
        """As soon as its head is there."""
        return await self._open().post(
            URL(target.text, encoded=True), data=body, headers=headers, allow_redirects=False
        )

    def _open(self) -> ClientSession:
        """Made on first use, because aiohttp binds a session to the running loop."""
        if self._session is None:
            connector = TCPConnector(
                resolver=_VettedResolver(self._vetting),
                use_dns_cache=False,
                # A kept connection would be one that nobody vetted this time.
                force_close=True,
                limit=0,  # bounded by who begins attempts
                ssl=self._tls or True,
                socket_factory=self._socket,
            )
            self._session = ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                headers=HEADERS,
                auto_decompress=False,
                trust_env=False,
                read_bufsize=READ_BUFFER_BYTES,
                timeout=ClientTimeout(total=self._total_ms / 1_000),
            )
        return self._session

    def _socket(self, addr_info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = addr_info
        try:
            self._vetting.require_public(str(address[0]))
        except TargetRefused as refused:
            raise AddressRefused(refused) from None
        return socket.socket(family, kind, protocol)


class _VettedResolver(AbstractResolver):
    def __init__(self, vetting: Vetting) -> None:
        self._vetting = vetting

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            addresses = await self._vetting.addresses(host)
        except TargetRefused as refused:
            raise AddressRefused(refused) from None
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    @override
    async def close(self) -> None:
        return


async def _beginning(response: ClientResponse) -> bytes:
    """What comes soon of the body. The status has decided already, so nothing here is an error."""
    chunks: list[bytes] = []
    room = CAPTURE_BYTES
    try:
        async with asyncio.timeout(CAPTURE_MS / 1_000):
            while room > 0 and (chunk := await response.content.read(room)):
                chunks.append(chunk)
                room -= len(chunk)
    except (ClientError, OSError, TimeoutError):
        pass
    return b"".join(chunks)


def _shown(raw: bytes) -> str:
    """Fit for a column of text and for a terminal."""
    text = raw.decode("utf-8", "replace")
    return "".join(
        each if each.isprintable() or each in _KEPT_AS_THEY_ARE else "\ufffd" for each in text
    )


def _no_answer(error: Exception) -> NoAnswer:
    refusal = _refusal(error)
    if refusal is not None:
        return NoAnswer(cause=refusal.cause, detail=refusal.detail)
    match error:
        case ClientConnectorCertificateError():
            return NoAnswer(cause=Cause.TLS, detail="the certificate is not valid for this name")
        case ClientConnectorSSLError():
            return NoAnswer(cause=Cause.TLS, detail="TLS could not be agreed on")
        case ConnectionTimeoutError() | TimeoutError():
            return NoAnswer(cause=Cause.TIMED_OUT, detail="no answer in time")
        case ClientConnectorError():
            return NoAnswer(cause=Cause.UNREACHABLE, detail="no connection could be made")
        case _:
            return NoAnswer(cause=Cause.BROKEN, detail="the answer broke off or is no HTTP")


def _refusal(error: Any) -> TargetRefused | None:  # noqa: ANN401 - whatever a library wraps
    inner = getattr(error, "os_error", error)
    return inner.refusal if isinstance(inner, AddressRefused) else None
