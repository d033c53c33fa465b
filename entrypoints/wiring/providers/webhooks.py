from dishka import Provider, Scope, provide

from adapters.system.secret_box import FileSecretBox
from adapters.webhooks.keys import BoxedWebhookKeys
from adapters.webhooks.resolver import SystemResolver, Vetting
from application.ports.webhooks import SecretBox, WebhookKeys, WebhookTargets
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
