"""A process that carries out one use case after the other, each in a process of its own.

It has imported and wired everything and opened nothing, so that a copy of it is a fresh process of
Aksum for the price of a fork. Each connection to its socket is such a copy: it tells its pid, does
what it is told, tells what came of it, and ends; or it is killed, and tells nothing.

    python -m tests.soak.matrix.driver SOCKET
"""

import asyncio
import gc
import logging
import os
import select
import signal
import socket
import sys
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from dishka import AsyncContainer

from application import crash_points
from application.background import Background
from application.idempotency import fingerprint
from application.orders.accept_quote import AcceptQuote, AcceptQuoteCommand
from application.orders.resolve_execution import ResolveExecution
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import DueIntent, IntentKind
from application.ports.unit_of_work import UnitOfWork
from domain.shared.errors import DomainError
from domain.shared.ids import QuoteId, TenantId
from entrypoints.wiring.settings import Settings
from tests.soak.matrix.containers import api_container, worker_container

READY: Final = b"ready\n"
LINE_MAX: Final = 64 * 1024


class Accept(msgspec.Struct, frozen=True, kw_only=True, tag="accept"):
    tenant_id: TenantId
    quote_id: QuoteId
    key: str
    scenario: str | None


class Resolve(msgspec.Struct, frozen=True, kw_only=True, tag="resolve"):
    """Looks until it is final, so many times at most."""

    tenant_id: TenantId
    order_id: UUID
    looks_max: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`kill_at` is a crash point, None where nobody is killed or the vendor knows when."""

    work: Accept | Resolve
    database_urls: dict[str, str]
    lp_config: str
    kill_at: str | None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """`passed` are the crash points on the way, `error` a failure that nobody foresaw."""

    passed: tuple[str, ...]
    refused: str | None = None
    error: str | None = None


def serve(path: Path) -> None:
    """Until standard input is closed, which it is when whoever started this ends."""
    # Nobody waits for the copies: a connection that closes without a word was a process killed.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    containers: dict[tuple[type, str], AsyncContainer] = {}
    # What is there now is never garbage: looking through it would copy every page of it.
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(64)
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as told:
                job = msgspec.json.decode(told.readline(LINE_MAX), type=Job)
                kind = (type(job.work), job.lp_config)
                container = containers.get(kind) or containers.setdefault(kind, _container(job))
                if os.fork() == 0:
                    _as_copy(connection, job, container)


def _container(job: Job) -> AsyncContainer:
    settings = Settings(
        sandbox=True,
        database_urls=job.database_urls,
        lp_config=Path(job.lp_config),
        absence_margin=timedelta(0),
        pool_main=2,
        pool_record=2,
    )
    make = api_container if isinstance(job.work, Accept) else worker_container
    return make(settings)


def _as_copy(connection: socket.socket, job: Job, container: AsyncContainer) -> None:
    """Never returns."""
    code = 1
    try:
        gc.disable()
        connection.sendall(b"%d\n" % os.getpid())
        connection.sendall(msgspec.json.encode(asyncio.run(_do(job, container))) + b"\n")
        code = 0
    finally:
        os._exit(code)


async def resolve(container: AsyncContainer, work: Resolve) -> Done:
    """In this process, which nobody kills; what it passes is told apart by task."""
    passed = _passed.set([])
    try:
        return await _done(container, work)
    finally:
        _passed.reset(passed)


_passed: ContextVar[list[str]] = ContextVar("passed")


async def note_passed(point: str) -> None:
    """For `crash_points.install`, where `resolve` is to be used."""
    passed = _passed.get(None)
    if passed is not None:
        passed.append(point)


async def _do(job: Job, container: AsyncContainer) -> Done:
    async def reached(point: str) -> None:
        await note_passed(point)
        if point == job.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    crash_points.install(reached)
    _passed.set([])
    try:
        return await _done(container, job.work)
    finally:
        await container.close()


async def _done(container: AsyncContainer, work: Accept | Resolve) -> Done:
    refused, error = None, None
    try:
        if isinstance(work, Accept):
            await _accept(container, work)
        else:
            await _resolve(container, work)
    except DomainError as refusal:
        refused = refusal.code
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is told
        error = repr(failure)
    return Done(passed=tuple(dict.fromkeys(_passed.get())), refused=refused, error=error)


async def _accept(container: AsyncContainer, work: Accept) -> None:
    accept = await container.get(AcceptQuote)
    await accept.execute(
        AcceptQuoteCommand(
            tenant_id=work.tenant_id,
            request=IdempotentRequest(work.key, fingerprint("matrix", str(work.quote_id))),
            quote_id=work.quote_id,
            scenario=work.scenario,
        )
    )
    await (await container.get(Background)).drain()


async def _resolve(container: AsyncContainer, work: Resolve) -> None:
    resolve_execution = await container.get(ResolveExecution)
    uow: UnitOfWork = await container.get(UnitOfWork)
    due = DueIntent(work.tenant_id, work.order_id)
    for _ in range(work.looks_max):
        if await resolve_execution.execute(due):
            return
        async with uow.begin(work.tenant_id) as tx:
            if not await tx.intents.make_due(IntentKind.SETTLE_EXECUTION, due.subject):
                return
            await tx.commit()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
