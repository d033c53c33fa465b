"""The two kinds of caller in the story: a partner's backend, and somebody who breaks vendors."""

from http import HTTPStatus
from typing import Final, Generic, TypeVar

import aiohttp
import msgspec
from uuid_utils.compat import uuid4

from entrypoints.cli.demo.shapes import Execution, Executions, Faults
from entrypoints.cli.sandbox.files import ListedProvider, SampleTenant

T = TypeVar("T")

TIMEOUT: Final = aiohttp.ClientTimeout(total=20)


class Unexpected(Exception):
    """Somebody answered in a way the story has no place for."""


class Reply(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    status: int
    value: T
    replayed: bool
    location: str | None


class Partner:
    """A tenant's backend, with its API key."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, tenant: SampleTenant) -> None:
        self._session = session
        self._api_url = api_url
        self.tenant = tenant

    @property
    def name(self) -> str:
        return self.tenant.name

    async def get(self, path: str, shape: type[T]) -> T:
        return (await self._ask("GET", path, shape, expect=(HTTPStatus.OK,))).value

    async def post(
        self,
        path: str,
        body: object,
        shape: type[T],
        *,
        key: str | None = None,
        expect: tuple[int, ...] = (HTTPStatus.CREATED,),
    ) -> Reply[T]:
        return await self._ask("POST", path, shape, expect=expect, body=body, key=key or new_key())

    async def _ask(
        self,
        method: str,
        path: str,
        shape: type[T],
        *,
        expect: tuple[int, ...],
        body: object = None,
        key: str | None = None,
    ) -> Reply[T]:
        headers = {"Authorization": f"Bearer {self.tenant.api_key}"}
        if key is not None:
            headers |= {"Idempotency-Key": key, "Content-Type": "application/json"}
        sent = None if body is None else msgspec.json.encode(body)
        async with self._session.request(
            method, self._api_url + path, data=sent, headers=headers, timeout=TIMEOUT
        ) as response:
            raw = await response.read()
            if response.status not in expect:
                raise Unexpected(f"{method} {path} was answered {response.status}: {_short(raw)}")
            return Reply(
                status=response.status,
                value=msgspec.json.decode(raw, type=shape),
                replayed=response.headers.get("Idempotent-Replayed") == "true",
                location=response.headers.get("Location"),
            )


class Vendor:
    """The control surface of a simulated liquidity provider (docs/simulator.md)."""

    def __init__(self, session: aiohttp.ClientSession, listed: ListedProvider) -> None:
        self._session = session
        self._url = listed.control_url
        self.name = listed.name

    async def arm(self, fault: str, **parameters: int) -> None:
        """The next calls it strikes fail like this."""
        body = {"fault": fault, **parameters}
        async with self._session.post(f"{self._url}/faults", json=body, timeout=TIMEOUT) as reply:
            if reply.status != HTTPStatus.CREATED:
                raise Unexpected(f"{self.name} did not arm {fault}: {_short(await reply.read())}")

    async def armed(self) -> list[str]:
        """Faults that have not struck yet."""
        async with self._session.get(f"{self._url}/faults", timeout=TIMEOUT) as reply:
            found = msgspec.json.decode(await reply.read(), type=Faults)
        return [each.fault for each in found.data]

    async def executions(self) -> list[Execution]:
        """What it truly executed, whatever it answered."""
        async with self._session.get(f"{self._url}/executions", timeout=TIMEOUT) as reply:
            return msgspec.json.decode(await reply.read(), type=Executions).data


def new_key() -> str:
    return str(uuid4())


def _short(raw: bytes) -> str:
    return raw[:500].decode(errors="replace")
