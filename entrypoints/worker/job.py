"""What a job is: a kind of work, and how one batch of it is done.

Whoever runs a job (the queue, because the bell was rung, or the sweeper, because time passed) finds
what is to be done in our own rows.
"""

from collections.abc import Awaitable, Callable

import msgspec
from dishka import AsyncContainer

from application.ports.bell import JobKind

Batch = Callable[[AsyncContainer], Awaitable[int]]


class Job(msgspec.Struct, frozen=True):
    """`batch` gets a scope of its own and answers how many rows it handled.

    Fewer than `full` is the end: what has come meanwhile is left for the next ring, so that under
    load rows are handled many at a time and not as they come.
    """

    kind: JobKind
    batch: Batch
    full: int = 1


def job(kind: JobKind, *, full: int = 1) -> Callable[[Batch], Job]:
    """Makes a job of the function that does one batch."""

    def make(batch: Batch) -> Job:
        return Job(kind, batch, full)

    return make
