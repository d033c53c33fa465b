"""Each night's reconciliation, with the rights that a worker has."""

from collections.abc import AsyncIterator

import pytest
from dishka import Provider, Scope, make_async_container

from application.ports.liquidity import LiquidityProvider
from application.reconciliation.run_reconciliation import RunReconciliation
from domain.liquidity.quote import LpName
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.worker.jobs.reconcile import NotReconciled, reconcile
from tests.fixtures.postgres_servers import Database
from tests.integration.lp_vendor import Reconciled, open_reconciled
from tests.integration.stack import BACKUP, PRIMARY


@pytest.fixture
async def lab(database_18: Database) -> AsyncIterator[Reconciled]:
    async with open_reconciled(database_18) as opened:
        yield opened


async def run(lab: Reconciled, **providers: LiquidityProvider) -> int:
    stack = lab.stack
    reconciliation = RunReconciliation(
        uow=stack.worker_uow,
        platform=stack.platform,
        providers={LpName(name): provider for name, provider in providers.items()},
        clock=stack.clock,
        ids=stack.ids,
    )
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: reconciliation, provides=RunReconciliation)
    async with make_async_container(provider)() as scope:
        return await reconcile.batch(scope)


async def has_statement(lab: Reconciled) -> bool:
    async with lab.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
        return await tx.reconciliation.last_statement(PRIMARY) is not None


async def test_worker_reconciles_with_every_provider(lab: Reconciled) -> None:
    assert await run(lab, **{PRIMARY: lab.provider}) == 0
    assert await has_statement(lab)
    assert await run(lab, **{PRIMARY: lab.provider}) == 0


async def test_provider_that_cannot_be_read_fails_the_run_and_stops_no_other(
    lab: Reconciled,
) -> None:
    class Gone:
        """Whatever it is asked, it is not there."""

        def __getattr__(self, name: str) -> object:
            raise OSError("no route to host")

    gone = Gone()
    with pytest.raises(NotReconciled, match=BACKUP):
        await run(lab, **{BACKUP: gone, PRIMARY: lab.provider})  # type: ignore[arg-type]
    assert await has_statement(lab)
