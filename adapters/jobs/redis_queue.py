"""The doorbell in Redis. It keeps nothing that matters: a Redis without persistence will do.

Every command has a time limit, so that a server that is gone, or a network that swallows packets,
costs a pause and never a worker that hangs.
"""

import asyncio
import logging
from typing import Final

from redis.asyncio import Redis
from saq import Job
from saq.queue.redis import RedisQueue
from typing_extensions import override

from adapters.jobs.queue import NAME, UNREACHABLE_PAUSE

CONNECT_SECONDS: Final = 2
CONNECTIONS_MAX: Final = 20
# Shorter than the socket's limit, or waiting for a job would look like a server that is gone.
BLOCK_SECONDS: Final = 4
COMMAND_SECONDS: Final = 8

_log = logging.getLogger(__name__)


class RedisDoorbell(RedisQueue):
    """Waits for a job so long, whatever is asked, and a moment after every error: SAQ would try
    again at once, for ever.
    """

    @override
    async def dequeue(self, timeout: object = None, poll_interval: object = None) -> Job | None:
        try:
            return await super().dequeue(timeout=BLOCK_SECONDS)
        except Exception:  # noqa: BLE001 - see above
            _log.warning("the queue cannot be read", exc_info=True)
            await asyncio.sleep(UNREACHABLE_PAUSE.total_seconds())
            return None

    @override
    async def disconnect(self) -> None:
        """Leaves no socket behind, also when the server is gone or there is no time to say so."""
        try:
            await super().disconnect()
        finally:
            await self.redis.connection_pool.disconnect()


def redis_queue(url: str) -> RedisDoorbell:
    """Connects when it is first used."""
    client = Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=COMMAND_SECONDS,
        client_name=NAME,
        max_connections=CONNECTIONS_MAX,
    )
    return RedisDoorbell(client, name=NAME)
