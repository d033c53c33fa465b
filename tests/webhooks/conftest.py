from collections.abc import AsyncIterator, Callable

import pytest

from adapters.webhooks.client import WebhookClient
from adapters.webhooks.resolver import Vetting
from domain.shared.ids import TenantId
from domain.webhooks.address import LOOPBACK
from tests.webhooks.certificates import Authority
from tests.webhooks.names import Names
from tests.webhooks.stage import Stage

Make = Callable[..., WebhookClient]


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def make(names: Names, authority: Authority) -> AsyncIterator[Make]:
    """A client with the names of the test. `loopback` may be called, as in a sandbox."""
    clients: list[WebhookClient] = []

    def made(*, loopback: bool = True, total_ms: int = 5_000) -> WebhookClient:
        vetting = Vetting(names, allowed=LOOPBACK if loopback else ())
        clients.append(WebhookClient(vetting, tls=authority.client(), total_ms=total_ms))
        return clients[-1]

    yield made
    for each in clients:
        await each.close()


@pytest.fixture
async def stage() -> Stage:
    stage = Stage()
    await stage.world.prepare()
    return stage


@pytest.fixture
async def tenant(stage: Stage) -> TenantId:
    return await stage.world.tenant()
