"""What may and what may not have reached a vendor, whatever the network does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from adapters.http_client import client as http_client
from adapters.http_client.client import GET_ATTEMPTS_MAX, RESPONSE_BYTES_MAX, HttpClient
from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent, Patience
from tests.liquidity.raw_server import (
    RawServer,
    Reply,
    hangs_up,
    keeps_silent,
    raw_server,
    resets,
    says,
)

PATIENT = Patience(2_000, 2_000)
HASTY = Patience(2_000, 100)


@asynccontextmanager
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient(jitter=lambda _: 0)
    try:
        yield made
    finally:
        await made.close()


async def post(http: HttpClient, server: RawServer, patience: Patience = PATIENT) -> Exchange:
    return await http.post(URL(f"{server.url}/accept"), b"quoteId=1", patience=patience)


async def get(http: HttpClient, server: RawServer, attempts: int = 1) -> Exchange:
    return await http.get(lambda: URL(f"{server.url}/status"), patience=PATIENT, attempts=attempts)


def posts(server: RawServer) -> int:
    return sum(line.startswith("POST") for line, _ in server.requests)


async def test_answer_comes_whole_with_its_headers() -> None:
    async with raw_server(says(418, b'{"code":1}', "Retry-After: 7")) as server, client() as http:
        answer = await post(http, server)
        assert isinstance(answer, Answered)
        assert (answer.status, answer.body) == (418, b'{"code":1}')
        assert answer.headers["retry-after"] == "7"
        assert server.requests == [("POST /accept HTTP/1.1", b"quoteId=1")]


@pytest.mark.parametrize("ending", [hangs_up, resets], ids=["closed", "reset"])
async def test_post_on_a_dying_kept_connection_is_sent_once(ending: Reply) -> None:
    """aiohttp repeats idempotent requests here by itself; a POST would execute twice."""
    async with raw_server(says(200), ending, says(200), says(200)) as server, client() as http:
        assert isinstance(await post(http, server), Answered)
        lost = await post(http, server)
        assert isinstance(lost, Lost)
        assert not lost.timed_out
        await asyncio.sleep(0)
        assert posts(server) == 2


async def test_get_on_a_dying_kept_connection_is_repeated() -> None:
    """The same situation with a GET: it shows that the server above would have counted a copy."""
    async with raw_server(says(200), hangs_up, says(200)) as server, client() as http:
        await post(http, server)
        assert isinstance(await get(http, server), Answered)
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_an_answer_and_never_followed(status: int) -> None:
    elsewhere = says(status, b"", "Location: /elsewhere")
    async with raw_server(elsewhere, says(200)) as server, client() as http:
        answer = await post(http, server)
        assert isinstance(answer, Answered)
        assert answer.status == status
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_post_is_not_repeated_after_a_server_error(status: int) -> None:
    async with raw_server(says(status), says(200)) as server, client() as http:
        answer = await post(http, server)
        assert isinstance(answer, Answered)
        assert answer.status == status
        assert len(server.requests) == 1


async def test_silence_after_sending_is_lost_and_timed_out() -> None:
    async with raw_server(keeps_silent) as server, client() as http:
        lost = await post(http, server, HASTY)
        assert isinstance(lost, Lost)
        assert lost.timed_out
        assert posts(server) == 1


async def test_server_that_drips_bytes_gains_no_time() -> None:
    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(drips) as server, client() as http:
        lost = await post(http, server, Patience(100, 100))
        assert isinstance(lost, Lost)
        assert lost.timed_out


@pytest.mark.parametrize(
    "reply",
    [says(200, b'{"orderId"', declared=64), hangs_up, resets],
    ids=["truncated", "closed", "reset"],
)
async def test_broken_answer_is_lost(reply: Reply) -> None:
    async with raw_server(reply) as server, client() as http:
        assert isinstance(await post(http, server), Lost)
        assert posts(server) == 1


async def test_answer_above_the_bound_is_lost() -> None:
    huge = says(200, b" " * (RESPONSE_BYTES_MAX + 1))
    async with raw_server(huge, says(200)) as server, client() as http:
        lost = await post(http, server)
        assert isinstance(lost, Lost)
        assert "bytes" in lost.cause
        # The rest of it must not be read as the answer to the next request.
        assert isinstance(await get(http, server), Answered)


async def test_something_that_is_not_http_is_lost() -> None:
    async def babbles(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01\x02 no http at all\r\n\r\n")
        writer.close()

    async with raw_server(babbles) as server, client() as http:
        assert isinstance(await post(http, server), Lost)


async def test_refused_connection_is_not_sent() -> None:
    async with raw_server() as server:
        url = URL(server.url)
    async with client() as http:
        assert isinstance(await http.post(url, b"", patience=PATIENT), NotSent)


async def test_unknown_host_is_not_sent() -> None:
    async with client() as http:
        url = URL("http://lp.invalid/accept")
        assert isinstance(await http.post(url, b"", patience=PATIENT), NotSent)


async def test_failed_tls_is_not_sent() -> None:
    await assert_not_sent_over_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n", PATIENT)


async def test_handshake_that_never_ends_is_not_sent() -> None:
    await assert_not_sent_over_tls(b"", Patience(100, 2_000))


async def assert_not_sent_over_tls(greeting: bytes, patience: Patience) -> None:
    """Against a server that reads what comes and answers `greeting`, which is no handshake."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while await reader.read(1_000):
            pass
        writer.close()
        await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client() as http:
        url = URL(f"https://127.0.0.1:{port}/accept")
        assert isinstance(await http.post(url, b"quoteId=1", patience=patience), NotSent)
        await over.wait()


async def test_wait_for_a_free_connection_ends_as_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_client, "POOL_SIZE", 1)
    async with raw_server(keeps_silent) as server, client() as http:
        first = asyncio.create_task(post(http, server))
        await server.arrived.wait()
        assert isinstance(await post(http, server, Patience(50, 2_000)), NotSent)
        assert posts(server) == 1
        first.cancel()


async def test_get_is_asked_again_until_it_is_answered() -> None:
    async with raw_server(says(503), hangs_up, hangs_up, says(200)) as server, client() as http:
        # A connection that dies under a GET costs two arrivals: aiohttp's own repetition counts.
        assert isinstance(await get(http, server, attempts=3), Answered)
        assert len(server.requests) == 4


@pytest.mark.parametrize("status", [200, 400, 404, 418, 429])
async def test_get_that_was_answered_is_not_asked_again(status: int) -> None:
    async with raw_server(says(status), says(200)) as server, client() as http:
        assert isinstance(await get(http, server, attempts=3), Answered)
        assert len(server.requests) == 1


async def test_get_gives_up_after_its_attempts() -> None:
    replies = tuple(says(503) for _ in range(20))
    async with raw_server(*replies) as server, client() as http:
        answer = await get(http, server, attempts=2)
        assert isinstance(answer, Answered)
        assert answer.status == 503
        assert len(server.requests) == 2
        await get(http, server, attempts=1_000)
        assert len(server.requests) == 2 + GET_ATTEMPTS_MAX


async def test_each_get_is_signed_anew_and_waits_as_the_jitter_says() -> None:
    signed: list[int] = []
    bounds: list[int] = []

    def jitter(bound_ms: int) -> int:
        bounds.append(bound_ms)
        return 0

    async with raw_server(says(503), says(503), says(200)) as server:
        http = HttpClient(jitter=jitter)

        def target() -> URL:
            signed.append(len(signed))
            return URL(f"{server.url}/status?at={len(signed)}", encoded=True)

        await http.get(target, patience=PATIENT, attempts=3)
        await http.close()
        assert [line.split()[1] for line, _ in server.requests] == [
            "/status?at=1",
            "/status?at=2",
            "/status?at=3",
        ]
    assert bounds == sorted(bounds)
    assert len(bounds) == 2


async def test_nothing_is_sent_after_closing() -> None:
    async with raw_server(says(200)) as server:
        http = HttpClient(jitter=lambda _: 0)
        await http.close()
        assert isinstance(await post(http, server), NotSent)
        assert server.requests == []


async def test_bytes_of_the_url_are_sent_as_they_were_signed() -> None:
    async with raw_server(says(200)) as server, client() as http:
        url = URL(f"{server.url}/a?b=%2F%2B&c=~%20x", encoded=True)
        await http.get(lambda: url, patience=PATIENT)
        assert server.requests[0][0] == "GET /a?b=%2F%2B&c=~%20x HTTP/1.1"
