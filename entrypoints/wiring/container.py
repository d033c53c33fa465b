"""One container per kind of process. Building one opens nothing; the first use does.

What only a worker needs, the queue and the way to partners' endpoints, is imported when a worker's
container is made: it would double the time in which commands start.
"""

from dishka import AsyncContainer, Provider, make_async_container

from adapters.postgres.roles import Role
from entrypoints.wiring.providers.liquidity import LiquidityProviders
from entrypoints.wiring.providers.persistence import OperatorsPersistence, PersistenceProvider
from entrypoints.wiring.providers.sealing import SealReaders, SealWriters
from entrypoints.wiring.providers.system import SystemProvider
from entrypoints.wiring.providers.use_cases import (
    AuditUseCases,
    PartnerUseCases,
    PlatformUseCases,
    ReconciliationUseCases,
    RoutingUseCases,
    SettlementUseCases,
    WorkerUseCases,
)
from entrypoints.wiring.providers.webhooks import WebhookPorts, WebhookUseCases
from entrypoints.wiring.settings import Settings


def make_api_container(settings: Settings, *overrides: Provider) -> AsyncContainer:
    """`overrides` replace what they provide, for tests; here and below."""
    return _make(
        settings,
        Role.API,
        PartnerUseCases(),
        PlatformUseCases(),
        ReconciliationUseCases(),
        SettlementUseCases(),
        WebhookUseCases(),
        *overrides,
    )


def make_worker_container(settings: Settings, *overrides: Provider) -> AsyncContainer:
    from entrypoints.wiring.providers.delivery import WebhookDelivery
    from entrypoints.wiring.providers.queue import QueueProvider

    return _make(
        settings,
        Role.WORKER,
        SettlementUseCases(),
        WorkerUseCases(),
        ReconciliationUseCases(),
        SealReaders(),
        SealWriters(),
        QueueProvider(),
        WebhookDelivery(),
        *overrides,
    )


def make_ops_container(settings: Settings, *overrides: Provider) -> AsyncContainer:
    return _make(
        settings,
        Role.OPS,
        OperatorsPersistence(),
        PartnerUseCases(),
        PlatformUseCases(),
        SettlementUseCases(),
        ReconciliationUseCases(),
        RoutingUseCases(),
        AuditUseCases(),
        WebhookUseCases(),
        SealReaders(),
        *overrides,
    )


def _make(settings: Settings, role: Role, *own: Provider) -> AsyncContainer:
    return make_async_container(
        SystemProvider(),
        PersistenceProvider(role),
        LiquidityProviders(),
        WebhookPorts(),
        *own,
        context={Settings: settings},
    )
