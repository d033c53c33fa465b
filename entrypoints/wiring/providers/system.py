from dishka import Provider, Scope, provide

from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from adapters.system.secrets import SystemSecrets
from application.background import Background
from application.in_flight import InFlight
from application.ports.clock import Clock, IdGenerator, SecretGenerator
from application.tenants.key_text import Environment
from entrypoints.wiring.settings import Settings


class SystemProvider(Provider):
    """Time, ids and secrets, and what one process has one of."""

    scope = Scope.APP

    clock = provide(SystemClock, provides=Clock)
    ids = provide(SystemIds, provides=IdGenerator)
    secrets = provide(SystemSecrets, provides=SecretGenerator)
    background = provide(Background)

    @provide
    def in_flight(self) -> InFlight:
        return InFlight()

    @provide
    def environment(self, settings: Settings) -> Environment:
        return settings.environment
