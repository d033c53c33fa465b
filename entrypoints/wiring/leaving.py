"""Lets those who wait for events go when the server is told to stop.

The server answers what is under way before it ends, and kills itself when that takes long: with
requests that wait half a minute for something to happen, every stop would be such a kill.
"""

import asyncio
import os
import signal

from dishka import AsyncContainer
from litestar import Litestar

from application.events.feed_watch import FeedWatch


def let_waiters_go_on_sigterm(app: Litestar, container: AsyncContainer) -> None:
    """Takes SIGTERM over when the application starts and passes it on as SIGINT.

    The server listens to both for the same purpose, before the application starts.
    """

    async def listen() -> None:
        watch = await container.get(FeedWatch)

        def leave() -> None:
            watch.stop()
            os.kill(os.getpid(), signal.SIGINT)

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave)

    app.on_startup.append(listen)
