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
    """`batch` gets a scope of its own and answers how many rows it handled; 0 is the end."""

    kind: JobKind
    batch: Batch


def job(kind: JobKind) -> Callable[[Batch], Job]:
    """Makes a job of the function that does one batch."""

    def make(batch: Batch) -> Job:
        return Job(kind, batch)

    return make
