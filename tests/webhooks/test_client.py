"""What a receiver does, and what we make of it: over real sockets, with names of our own."""

import asyncio
import gzip
import itertools
import os

import pytest

from adapters.webhooks import client as client_module
from adapters.webhooks.client import CAPTURE_BYTES, REQUEST_BYTES_MAX, WebhookClient
from domain.shared.errors import InvariantViolation
from domain.webhooks.answer import Answer, Answered, Cause, NoAnswer
from tests.liquidity.raw_server import (
    Reply,
    hangs_up,
    keeps_silent,
    raw_server,
    resets,
    says,
)
from tests.webhooks.certificates import Authority
from tests.webhooks.conftest import Make
from tests.webhooks.names import Names

NAME = "hooks.partner.com"
URL = f"https://{NAME}:8443/in?a=b"
HEADERS = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
BODY = b'{"id": "evt_1"}'
# Of this machine all 127/8 is; each server gets an address for itself, so that the port is free.
_SERVERS = itertools.count(2)


def loopback() -> str:
    return f"127.{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}.{next(_SERVERS)}"


async def send(client: WebhookClient, url: str = URL) -> Answer:
    return await client.send(url, HEADERS, BODY)


async def test_delivery_reaches_the_vetted_address_under_its_own_name(
    make: Make, names: Names, authority: Authority
) -> None:
    address, asked = loopback(), list[str | None]()
    names.leads(NAME, (address,))
    async with raw_server(
        says(200, b"thanks"), host=address, port=8443, tls=authority.server(NAME, asked)
    ) as server:
        answer = await send(make())
    assert answer == Answered(status=200, body="thanks")
    assert asked == [NAME]
    assert server.requests == [("POST /in?a=b HTTP/1.1", BODY)]
    (head,) = server.heads
    lines = head.lower().split("\r\n")
    assert f"host: {NAME}:8443" in lines
    assert "content-type: application/json" in lines
    for name, value in HEADERS.items():
        assert f"{name}: {value}" in lines


async def test_each_attempt_resolves_anew_and_connects_anew(
    make: Make, names: Names, authority: Authority
) -> None:
    first, second = loopback(), loopback()
    names.leads(NAME, (first,), (second,))
    tls = authority.server(NAME)
    client = make()
    async with (
        raw_server(says(200), host=first, port=8443, tls=tls) as one,
        raw_server(says(500), host=second, port=8443, tls=tls) as other,
    ):
        answers = [await send(client), await send(client)]
    assert [each.status for each in answers if isinstance(each, Answered)] == [200, 500]
    assert (len(one.requests), len(other.requests)) == (1, 1)
    assert names.asked == [NAME, NAME]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_an_answer_and_is_not_followed(make: Make, status: int) -> None:
    async with raw_server(says(200)) as elsewhere:
        there = says(status, b"", f"Location: {elsewhere.url}/latest/meta-data/")
        async with raw_server(there) as server:
            answer = await send(make(), f"{server.url}/in")
    assert answer == Answered(status=status)
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("reply", "cause"),
    [(hangs_up, Cause.BROKEN), (resets, Cause.BROKEN), (keeps_silent, Cause.TIMED_OUT)],
    ids=["hangs up", "resets", "keeps silent"],
)
async def test_no_whole_head_is_no_answer(make: Make, reply: Reply, cause: Cause) -> None:
    async with raw_server(reply) as server:
        answer = await send(make(total_ms=300), f"{server.url}/in")
    assert isinstance(answer, NoAnswer)
    assert answer.cause is cause
    assert "127.0.0.1" not in answer.detail


async def writes(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()


async def speaks_no_http(writer: asyncio.StreamWriter) -> None:
    await writes(writer, b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    writer.close()


async def sends_a_head_without_end(writer: asyncio.StreamWriter) -> None:
    await writes(writer, b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        await writes(writer, b"X-%d: %s\r\n" % (number, b"a" * 1_000))


async def trickles_the_head(writer: asyncio.StreamWriter) -> None:
    """One byte at a time: no single read is ever late."""
    for byte in itertools.cycle(b"a"):
        await writes(writer, bytes([byte]))
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (speaks_no_http, Cause.BROKEN),
        (sends_a_head_without_end, Cause.BROKEN),
        (trickles_the_head, Cause.TIMED_OUT),
    ],
)
async def test_head_that_is_none_costs_bounded_time_and_room(
    make: Make, reply: Reply, cause: Cause
) -> None:
    async with raw_server(reply) as server:
        answer = await send(make(total_ms=400), f"{server.url}/in")
    assert isinstance(answer, NoAnswer)
    assert answer.cause in {cause, Cause.BROKEN}


async def never_stops(writer: asyncio.StreamWriter) -> None:
    await writes(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        await writes(writer, b"x" * 64 * 1_024)


async def stops_in_the_middle(writer: asyncio.StreamWriter) -> None:
    await writes(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"so far")
    await keeps_silent(writer)


async def breaks_off(writer: asyncio.StreamWriter) -> None:
    await writes(writer, b"HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Length: 9\r\n\r\n", b"no")
    writer.close()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (never_stops, Answered(status=200, body="x" * CAPTURE_BYTES)),
        (stops_in_the_middle, Answered(status=200, body="so far")),
        (breaks_off, Answered(status=503, retry_after="9", body="no")),
        (says(500, b"y" * 5_000), Answered(status=500, body="y" * CAPTURE_BYTES)),
    ],
)
async def test_of_a_body_only_the_beginning_is_waited_for_and_kept(
    make: Make, monkeypatch: pytest.MonkeyPatch, reply: Reply, expected: Answered
) -> None:
    monkeypatch.setattr(client_module, "CAPTURE_MS", 100)
    async with raw_server(reply) as server:
        assert await send(make(), f"{server.url}/in") == expected


async def test_status_that_came_in_time_counts_though_time_runs_out_over_the_body(
    make: Make,
) -> None:
    async with raw_server(stops_in_the_middle) as server:
        answer = await send(make(total_ms=300), f"{server.url}/in")
    assert answer == Answered(status=200, body="so far")


async def test_compressed_body_is_kept_as_it_came(make: Make) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    async with raw_server(says(200, bomb, "Content-Encoding: gzip")) as server:
        answer = await send(make(), f"{server.url}/in")
    assert isinstance(answer, Answered)
    assert len(answer.body) <= CAPTURE_BYTES


async def test_what_is_kept_can_be_stored_and_shown(make: Make) -> None:
    async with raw_server(says(200, b"a\x00b\x1b[31m\r\n\xff\xc3\xa9\t")) as server:
        answer = await send(make(), f"{server.url}/in")
    assert answer == Answered(status=200, body="a\ufffdb\ufffd[31m\ufffd\n\ufffdé\t")


async def test_receiver_that_is_down_is_unreachable(make: Make) -> None:
    async with raw_server() as server:
        pass
    answer = await send(make(), f"{server.url}/in")
    assert isinstance(answer, NoAnswer)
    assert answer.cause is Cause.UNREACHABLE


async def test_certificate_of_another_name_or_of_nobody_is_refused(
    make: Make, names: Names, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    for tls in (authority.server("other.partner.com"), stranger.server(NAME)):
        address = loopback()
        names.leads(NAME, (address,))
        async with raw_server(says(200), host=address, port=8443, tls=tls) as server:
            answer = await send(make())
        assert isinstance(answer, NoAnswer)
        assert answer.cause is Cause.TLS
        assert server.requests == []


async def test_cookies_and_proxies_of_the_environment_are_ignored(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = make()
    async with raw_server(says(200, b"", "Set-Cookie: a=b; Path=/"), says(200)) as server:
        for _ in range(2):
            assert isinstance(await send(client, f"{server.url}/in"), Answered)
    assert all("cookie" not in head.lower() for head in server.heads)


async def test_event_beyond_the_bound_is_a_bug(make: Make) -> None:
    with pytest.raises(InvariantViolation):
        await make().send(URL, HEADERS, b"x" * (REQUEST_BYTES_MAX + 1))
