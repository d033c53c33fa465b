"""What is refused when it is registered is refused when it is sent to, and whatever it became."""

import asyncio
import socket
import threading

import pytest

from adapters.webhooks import resolver as resolver_module
from adapters.webhooks.resolver import SystemResolver, Vetting
from application.ports.webhooks import TargetRefused
from domain.webhooks.answer import Answered, Cause, NoAnswer
from domain.webhooks.url import parse_url
from tests.liquidity.raw_server import raw_server, says
from tests.unit.domain.webhooks.hostile import HOSTILE_ADDRESSES, HOSTILE_URLS
from tests.webhooks.certificates import Authority
from tests.webhooks.conftest import Make
from tests.webhooks.names import Names
from tests.webhooks.test_client import NAME, URL, loopback, send

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize("url", [url for _, url in HOSTILE_URLS])
async def test_hostile_url_is_refused_at_delivery_before_anything_is_asked(
    make: Make, names: Names, url: str
) -> None:
    answer = await send(make(loopback=False), url)
    assert isinstance(answer, NoAnswer)
    assert answer.cause is Cause.URL_REFUSED
    assert names.asked == []


@pytest.mark.parametrize("address", [address for _, address in HOSTILE_ADDRESSES if address])
@pytest.mark.parametrize("beside", [(), (PUBLIC,)], ids=["alone", "behind a public one"])
async def test_name_that_leads_to_a_hostile_address_is_refused_everywhere(
    make: Make, names: Names, address: str, beside: tuple[str, ...]
) -> None:
    names.leads(NAME, (*beside, address))
    with pytest.raises(TargetRefused) as refused:
        await Vetting(names).check(parse_url(URL, loopback=False))
    assert refused.value.cause is Cause.ADDRESS_REFUSED
    answer = await send(make(loopback=False))
    assert isinstance(answer, NoAnswer)
    assert answer.cause is Cause.ADDRESS_REFUSED


async def test_name_that_rebinds_after_registration_is_refused_at_delivery(
    make: Make, names: Names, authority: Authority
) -> None:
    address = loopback()
    names.leads(NAME, (PUBLIC,), (address,))
    await Vetting(names).check(parse_url(URL, loopback=False))
    tls = authority.server(NAME)
    async with raw_server(says(200), host=address, port=8443, tls=tls) as server:
        answer = await send(make(loopback=False))
        assert isinstance(answer, NoAnswer)
        assert answer.cause is Cause.ADDRESS_REFUSED
        assert server.requests == []


async def test_name_that_rebinds_between_looking_and_connecting_gains_nothing(
    make: Make, names: Names, authority: Authority
) -> None:
    """One attempt asks once; what was vetted is what is connected to."""
    vetted, other = loopback(), loopback()
    names.leads(NAME, (vetted,), (other,))
    tls = authority.server(NAME)
    async with (
        raw_server(says(200), host=vetted, port=8443, tls=tls),
        raw_server(says(200), host=other, port=8443, tls=tls) as secret,
    ):
        assert await send(make()) == Answered(status=200, body="{}")
        assert secret.requests == []
    assert names.asked == [NAME]


async def test_socket_itself_goes_nowhere_that_is_not_public(make: Make) -> None:
    """Whatever way an address may have come by, the connection is not made."""
    client = make(loopback=False)
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:10.0.0.1")):
        with pytest.raises(OSError, match="not public"):
            client._socket((family, socket.SOCK_STREAM, 6, "", (address, 443)))


async def test_sandbox_may_call_itself_and_nobody_else_inside(make: Make, names: Names) -> None:
    names.leads("localhost", ("127.0.0.1", "::1"))
    async with raw_server(says(200)) as server:
        url = f"http://localhost:{server.port}/in"
        assert await send(make(), url) == Answered(status=200, body="{}")
    names.leads(NAME, ("10.0.0.1",))
    answer = await send(make())
    assert isinstance(answer, NoAnswer)
    assert answer.cause is Cause.ADDRESS_REFUSED


async def test_unknown_name_may_be_registered_and_cannot_be_sent_to(
    make: Make, names: Names
) -> None:
    await Vetting(names).check(parse_url(URL, loopback=False))
    answer = await send(make(loopback=False))
    assert isinstance(answer, NoAnswer)
    assert answer.cause is Cause.NAME_UNKNOWN


async def test_resolver_of_the_system_knows_this_machine() -> None:
    assert "127.0.0.1" in await SystemResolver().resolve("localhost")
    with pytest.raises(OSError, match=r".+"):
        await SystemResolver().resolve("nobody.invalid")
    with pytest.raises(OSError, match=r".+"):
        await SystemResolver().resolve("a" * 64 + ".com")


async def test_look_up_that_hangs_holds_up_neither_the_attempt_nor_the_end_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()

    def hangs(*_: object, **__: object) -> list[object]:
        release.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setattr(resolver_module, "PATIENCE", resolver_module.PATIENCE / 100)
    try:
        with pytest.raises(TargetRefused):
            await Vetting(SystemResolver()).addresses(NAME)
        (thread,) = [each for each in threading.enumerate() if each.name == "resolver"]
        assert thread.daemon
    finally:
        release.set()


async def test_names_whose_servers_keep_silent_cost_a_bounded_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()

    def hangs(*_: object, **__: object) -> list[object]:
        release.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setattr(resolver_module, "PATIENCE", resolver_module.PATIENCE / 100)
    monkeypatch.setattr(resolver_module, "THREADS_MAX", 2)
    before = threading.active_count()
    resolver = SystemResolver()
    try:
        for number in range(4):
            with pytest.raises(TargetRefused):
                await Vetting(resolver).addresses(f"n{number}.{NAME}")
        assert threading.active_count() == before + 2
    finally:
        release.set()
    monkeypatch.undo()
    # Threads that have come back leave their room to others.
    async with asyncio.timeout(5):
        assert "127.0.0.1" in await resolver.resolve("localhost")
