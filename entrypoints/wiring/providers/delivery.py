import secrets
from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.webhooks.client import WebhookClient
from adapters.webhooks.resolver import Vetting
from application.ports.clock import Clock, IdGenerator
from application.ports.unit_of_work import UnitOfWork
from application.ports.webhooks import WebhookKeys, WebhookSender
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.fan_out import FanOutEvents
from application.webhooks.forget_attempts import ForgetAttempts


class WebhookDelivery(Provider):
    """What workers do about webhooks."""

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
