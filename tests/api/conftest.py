import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from litestar import Litestar

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
    # In this event loop and without a server, so that requests can be at work at the same time.
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # its scope is a plain dict
    async with running(app), httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """Starts and stops in one task, which a fixture's two halves need not be."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with app.lifespan():
            started.set()
            await ended.wait()

    task = asyncio.create_task(run())
    await asyncio.wait(
        {task, asyncio.ensure_future(started.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    if task.done():
        await task
    yield
    ended.set()
    await task


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
