from dishka import Provider, Scope, provide
from saq import Queue

from adapters.jobs.queue import QueueUnavailable, SaqBell, postgres_queue, redis_queue
from adapters.postgres.roles import Role
from application.ports.bell import JobBell
from entrypoints.wiring.database import database_url
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.settings import QUEUE_URL, Settings


class QueueProvider(Provider):
    """The queue is built here and connected by the worker, which can live without it."""

    scope = Scope.APP

    bell = provide(SaqBell, provides=JobBell)

    @provide
    def queue(self, settings: Settings) -> Queue:
        if settings.queue_url is None:
            return postgres_queue(database_url(settings, Role.WORKER))
        try:
            return redis_queue(settings.queue_url)
        except QueueUnavailable as error:
            raise SettingInvalid(QUEUE_URL, str(error)) from None
