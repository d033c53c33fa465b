from collections.abc import AsyncIterator

import httpx
import pytest
from litestar.testing import AsyncTestClient

from entrypoints.http.app import make_app
from tests.api.world import BASE_URL, Caller, Partner, World


@pytest.fixture
def sandbox() -> bool:
    return True


@pytest.fixture
async def world() -> World:
    world = World()
    await world.prepare()
    return world


@pytest.fixture
async def client(world: World, sandbox: bool) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(world.container, sandbox=sandbox)
    async with AsyncTestClient(app, base_url=BASE_URL) as client:
        yield client


@pytest.fixture
async def operator(world: World, client: httpx.AsyncClient, partner: Partner) -> Caller:
    return Caller(client, await world.operator())


@pytest.fixture
async def partner(world: World, client: httpx.AsyncClient) -> Partner:
    return await join(world, client, "Kuda")


@pytest.fixture
async def stranger(world: World, client: httpx.AsyncClient) -> Partner:
    """Another tenant."""
    return await join(world, client, "Moniepoint")


@pytest.fixture
def caller(client: httpx.AsyncClient, partner: Partner) -> Caller:
    return Caller(client, partner.key)


async def join(world: World, client: httpx.AsyncClient, name: str) -> Partner:
    tenant_id, key = await world.tenant(name)
    caller = Caller(client, key)
    partner = Partner(
        tenant_id=tenant_id,
        key=key,
        customer_id=await caller.customer("c-1"),
        other_customer_id=await caller.customer("c-2"),
    )
    await caller.deposit(partner.customer_id, "USDT", "100000")
    await caller.deposit(partner.customer_id, "BTC", "2")
    return partner
