from dishka import Provider, Scope, provide
from saq import Queue

from adapters.jobs.queue import SaqBell, postgres_queue
from adapters.jobs.redis_queue import redis_queue
from adapters.postgres.roles import Role
from application.ports.bell import JobBell
from entrypoints.wiring.database import database_url
from entrypoints.wiring.settings import Settings


class QueueProvider(Provider):
    """The queue is built here and connected by the worker, which can live without it."""

    scope = Scope.APP

    bell = provide(SaqBell, provides=JobBell)

    @provide
    def queue(self, settings: Settings) -> Queue:
        if settings.queue_url is None:
            return postgres_queue(database_url(settings, Role.WORKER))
        return redis_queue(settings.queue_url)
