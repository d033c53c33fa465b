import secrets
from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.system.secret_box import FileSecretBox
from adapters.webhooks.client import WebhookClient
from adapters.webhooks.keys import BoxedWebhookKeys
from adapters.webhooks.resolver import SystemResolver, Vetting
from application.ports.clock import Clock, IdGenerator
from application.ports.unit_of_work import UnitOfWork
from application.ports.webhooks import SecretBox, WebhookKeys, WebhookSender, WebhookTargets
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.fan_out import FanOutEvents
from application.webhooks.forget_attempts import ForgetAttempts
from application.webhooks.manage_endpoints import ManageWebhookEndpoints
from application.webhooks.redeliver import Redeliver
from domain.webhooks.address import LOOPBACK
from entrypoints.wiring.seal_places import data_dir
from entrypoints.wiring.settings import Settings

SECRET_KEYS_FILE = "secret-keys"  # noqa: S105 - the name of a file


class WebhookPorts(Provider):
    """Only a sandbox may call itself, and only it makes the key that secrets are encrypted with."""

    scope = Scope.APP

    keys = provide(BoxedWebhookKeys, provides=WebhookKeys)

    @provide
    def secret_box(self, settings: Settings) -> SecretBox:
        path = settings.secret_keys or data_dir(settings) / SECRET_KEYS_FILE
        return FileSecretBox(path, make_missing=settings.sandbox)

    @provide
    def vetting(self, settings: Settings) -> Vetting:
        return Vetting(SystemResolver(), allowed=LOOPBACK if settings.sandbox else ())

    @provide
    def targets(self, vetting: Vetting) -> WebhookTargets:
        return vetting


class WebhookUseCases(Provider):
    """What partners and operators do about webhooks."""

    scope = Scope.APP

    manage = provide(ManageWebhookEndpoints)
    redeliver = provide(Redeliver)


class WebhookDelivery(Provider):
    """What workers do about them."""

    scope = Scope.APP

    fan_out = provide(FanOutEvents)
    forget = provide(ForgetAttempts)

    @provide
    async def sender(self, vetting: Vetting) -> AsyncIterator[WebhookSender]:
        client = WebhookClient(vetting)
        yield client
        await client.close()

    @provide
    def deliver(
        self,
        uow: UnitOfWork,
        clock: Clock,
        ids: IdGenerator,
        keys: WebhookKeys,
        sender: WebhookSender,
    ) -> DeliverWebhooks:
        return DeliverWebhooks(
            uow=uow,
            clock=clock,
            ids=ids,
            keys=keys,
            sender=sender,
            jitter=lambda most: secrets.randbelow(most + 1),
        )
