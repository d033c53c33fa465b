"""Names to addresses, and the decision whether anything may be sent there."""

import asyncio
import socket
import threading
from abc import abstractmethod
from collections.abc import Collection
from datetime import timedelta
from typing import Final, Protocol

from application.ports.webhooks import TargetRefused
from domain.webhooks.address import Network, refusal_of
from domain.webhooks.answer import Cause
from domain.webhooks.url import WebhookUrl

PATIENCE: Final = timedelta(seconds=5)
# Each is a thread, because the system's resolver can only be waited for, and is one for as long as
# that takes: several times our patience, with a name whose servers keep silent.
THREADS_MAX: Final = 256
ADDRESSES_MAX: Final = 32

Addresses = tuple[str, ...]


class Resolver(Protocol):
    @abstractmethod
    async def resolve(self, host: str) -> Addresses:
        """At least one, numeric. Raises `OSError`."""
        ...


class SystemResolver:
    """As the operating system is configured. A look-up that hangs holds nobody up at the end."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(THREADS_MAX)

    async def resolve(self, host: str) -> Addresses:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Addresses] = loop.create_future()

        def tell(addresses: Addresses, error: OSError | None) -> None:
            self._room.release()
            if found.done():
                return
            if error is None:
                found.set_result(addresses)
            else:
                found.set_exception(error)

        def look_up() -> None:
            addresses: Addresses = ()
            failure = None
            try:
                infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                addresses = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
            except OSError as error:
                failure = error
            except UnicodeError:
                failure = OSError("not a name")
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, addresses, failure)

        await self._room.acquire()
        # A pool's thread would be waited for when the process ends, however long it hangs.
        thread = threading.Thread(target=look_up, daemon=True, name="resolver")
        try:
            thread.start()
        except RuntimeError as error:
            self._room.release()
            raise OSError("no thread can be started") from error
        return await found


class AddressRefused(OSError):
    """Inside the HTTP client, which handles errors of the operating system and no others."""

    def __init__(self, refusal: TargetRefused) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Vetting:
    """All that a name resolves to is looked at, and one bad address refuses the name.

    `allowed` are networks of a development machine. `WebhookTargets` of the application.
    """

    def __init__(self, resolver: Resolver, *, allowed: Collection[Network] = ()) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def check(self, url: WebhookUrl) -> None:
        """Raises `TargetRefused`. A name that is not known, now, may be known when it is used."""
        try:
            await self.addresses(url.host)
        except TargetRefused as refused:
            if refused.cause is not Cause.NAME_UNKNOWN:
                raise

    async def addresses(self, host: str) -> Addresses:
        """Raises `TargetRefused`."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                found = await self._resolver.resolve(host)
        except (OSError, TimeoutError):
            found = ()
        if not found:
            raise TargetRefused(Cause.NAME_UNKNOWN, "the name does not resolve")
        for address in found[:ADDRESSES_MAX]:
            self.require_public(address)
        return found[:ADDRESSES_MAX]

    def require_public(self, address: str) -> None:
        """Raises `TargetRefused`."""
        reason = refusal_of(address, allowed=self._allowed)
        if reason is not None:
            raise TargetRefused(
                Cause.ADDRESS_REFUSED, f"the name leads to an address that is not public: {reason}"
            )

    @property
    def takes_loopback(self) -> bool:
        """Whether URLs may name this machine, over plain HTTP too."""
        return bool(self._allowed)
