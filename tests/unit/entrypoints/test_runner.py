import asyncio

from dishka import AsyncContainer, Provider, Scope, make_async_container

from application.ports.bell import JobKind
from entrypoints.worker.job import Job, job
from entrypoints.worker.runner import Runner


class Rows:
    """So many rows to work on; `gate` holds a batch open."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.scopes: list[AsyncContainer] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def batch(self, scope: AsyncContainer) -> int:
        self.scopes.append(scope)
        await self.gate.wait()
        taken = min(self.left, 2)
        self.left -= taken
        return taken


def runner(rows: Rows) -> Runner:
    container = make_async_container(Provider(scope=Scope.APP))
    return Runner(container, [Job(JobKind.MIRROR, rows.batch)])


async def test_backlog_is_worked_off_batch_by_batch_each_in_its_own_scope() -> None:
    rows = Rows(5)
    beats: list[None] = []

    async def beat() -> None:
        beats.append(None)

    assert await runner(rows).run(JobKind.MIRROR, beat) == 5
    assert len(beats) == 3
    assert len({id(scope) for scope in rows.scopes}) == len(rows.scopes) == 4


async def test_batch_that_is_not_full_is_the_last_of_its_run() -> None:
    rows = Rows(5)
    container = make_async_container(Provider(scope=Scope.APP))
    running = Runner(container, [Job(JobKind.MIRROR, rows.batch, full=2)])

    assert await running.run(JobKind.MIRROR) == 5
    assert len(rows.scopes) == 3
    rows.left = 1
    assert await running.run(JobKind.MIRROR) == 1
    assert len(rows.scopes) == 4


async def test_second_run_of_a_kind_does_nothing_while_the_first_goes_on() -> None:
    rows = Rows(1)
    rows.gate.clear()
    running = runner(rows)
    first = asyncio.create_task(running.run(JobKind.MIRROR))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert running.is_running(JobKind.MIRROR)
    assert await running.run(JobKind.MIRROR) is None
    rows.gate.set()
    await running.drained()
    assert await first == 1
    assert not running.is_running(JobKind.MIRROR)


async def test_told_to_stop_a_run_ends_after_its_batch() -> None:
    rows = Rows(100)
    running = runner(rows)

    async def stop() -> None:
        running.stopping.set()

    assert await running.run(JobKind.MIRROR, stop) == 2
    assert rows.left == 98
    assert await running.run(JobKind.MIRROR) is None


async def test_failed_batch_leaves_the_kind_free() -> None:
    @job(JobKind.MIRROR)
    async def broken(scope: AsyncContainer) -> int:
        raise OSError("the database has gone")

    running = Runner(make_async_container(Provider(scope=Scope.APP)), [broken])
    for _ in range(2):
        try:
            await running.run(JobKind.MIRROR)
        except OSError:
            continue
    assert not running.is_running(JobKind.MIRROR)
