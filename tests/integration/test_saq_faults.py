"""Known faults of SAQ, each provoked: with it nothing is lost, and nothing happens twice.

What `Books.are_mirrored` asserts is the whole promise: every deposit has its one mirror in the
house's books within the time that losing a queue may cost, and the books agree.
"""

import ast
import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
from dishka import Provider, Scope, make_async_container
from dishka.exceptions import NoFactoryError
from saq import Job, Queue
from saq.job import Status
from saq.queue.redis import RedisQueue

from adapters.jobs.queue import postgres_queue
from adapters.jobs.schema import make_queue_tables
from application import crash_points
from application.ports.bell import JobBell, JobKind
from entrypoints.wiring.container import make_api_container, make_ops_container
from entrypoints.worker.app import _worker
from entrypoints.worker.jobs import JOBS
from entrypoints.worker.runner import Runner
from entrypoints.worker.schedule import BY_TIME
from tests.architecture.sources import PRODUCT, python_files, text_of, tree_of
from tests.fixtures.postgres_servers import Database
from tests.integration.worker_lab import (
    DEPOSITS,
    END_SECONDS_MAX,
    LAPSE,
    STOP_SECONDS_MAX,
    Books,
    as_admin,
    belled,
    execute,
    opened_books,
    settings,
    until_row,
    worker_process,
    working,
)

LEASED = "SELECT FROM aksum.intents WHERE lease_until > now()"
LONG_AGO = 1  # milliseconds since 1970
REPEATS = 5


@pytest.fixture
async def books(database_18: Database) -> AsyncIterator[Books]:
    await make_queue_tables(database_18.admin_url)
    async with opened_books(database_18) as opened:
        yield opened


@pytest.fixture
def crash_handler() -> Iterator[None]:
    yield
    crash_points.install(None)


async def wipe(database: Database, queue: Queue) -> None:
    """As if the queue had lost everything, also what is being worked on."""
    if isinstance(queue, RedisQueue):
        await queue.redis.flushdb()
    else:
        await execute(database, "TRUNCATE aksum_queue.saq_jobs, aksum_queue.saq_stats")


async def leave_active(queue: Queue, **options: object) -> Job:
    """A job as a killed worker leaves it: taken, running for ever, its key in use."""
    wanted = {"timeout": 1, "heartbeat": 1, "retries": 5, "ttl": -1, **options}
    job = Job(function="mirror", key="mirror", kwargs={"kind": "mirror"}, **wanted)  # type: ignore[arg-type]
    assert await queue.enqueue(job) is not None
    taken = await queue.dequeue(timeout=5)
    assert taken is not None
    taken.started = taken.touched = LONG_AGO
    await queue.update(taken, status=Status.ACTIVE)
    return taken


@pytest.mark.parametrize(
    "point",
    [
        crash_points.MIRROR_LEASED,
        crash_points.MIRROR_BEFORE_HOUSE,
        crash_points.MIRROR_HOUSE_POSTED,
    ],
)
async def test_row_1_job_whose_worker_was_killed_is_done_by_another(
    database_18: Database, books: Books, tmp_path: Path, point: str
) -> None:
    """SAQ runs a job at most once by default, and ends one whose worker died as aborted."""
    tenant, customer = await books.open()
    await books.deposit(tenant, customer, DEPOSITS)
    armed = {"AKSUM_CRASH_POINT": f"{point}:kill"}
    async with worker_process(database_18, tmp_path, environment=armed) as worker:
        assert await worker.ended(END_SECONDS_MAX) == -signal.SIGKILL
    await as_admin(database_18, LAPSE)
    async with working(database_18):
        await books.are_mirrored()


async def test_row_2_job_that_stays_active_for_ever_holds_nothing_up(
    database_18: Database, books: Books, queue_url: str | None
) -> None:
    """Without timeout and heartbeat SAQ never frees its key, so no ring is ever heard again."""
    tenant, customer = await books.open()
    async with belled(database_18, queue_url) as (bell, queue):
        await leave_active(queue, timeout=0, heartbeat=0)
        assert await bell.ring(JobKind.MIRROR) is False
        async with working(database_18, queue_url):
            await books.deposit(tenant, customer, DEPOSITS)
            await books.are_mirrored()
        assert await bell.ring(JobKind.MIRROR) is False


async def test_row_3_finished_job_that_runs_again_does_nothing_twice(
    database_18: Database, books: Books, queue_url: str | None
) -> None:
    """SAQ's sweep judges by a snapshot, so it requeues jobs that have ended meanwhile."""
    tenant, customer = await books.open()
    async with belled(database_18, queue_url) as (_, queue), working(database_18, queue_url):
        await books.deposit(tenant, customer, DEPOSITS)
        for repeat in range(REPEATS):
            again = Job(function="mirror", key=f"again {repeat}", kwargs={"kind": "mirror"})
            assert await queue.enqueue(again) is not None
        await books.are_mirrored()
        for repeat in range(REPEATS):
            await queue.enqueue(Job(function="mirror", key=f"late {repeat}", ttl=-1))
        async with asyncio.timeout(STOP_SECONDS_MAX):
            while await queue.count("incomplete"):  # noqa: ASYNC110 - the worker ends them
                await asyncio.sleep(0.05)
        await books.are_mirrored()


@pytest.mark.parametrize("point", [crash_points.MIRROR_LEASED, crash_points.MIRROR_HOUSE_POSTED])
async def test_row_4_job_that_runs_on_beside_its_own_retry_is_fenced(
    database_18: Database, books: Books, crash_handler: None, point: str
) -> None:
    """SAQ cancels and retries without knowing whether the first run has ended."""
    tenant, customer = await books.open()
    await books.deposit(tenant, customer, DEPOSITS)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def stop_the_first(reached: str) -> None:
        if reached == point and not arrived.is_set():
            arrived.set()
            await go_on.wait()

    crash_points.install(stop_the_first)
    async with working(database_18):
        await arrived.wait()
        await as_admin(database_18, LAPSE)
        async with working(database_18):
            await books.are_mirrored()
            go_on.set()
        await books.are_mirrored()


async def test_row_5_no_job_has_a_group_so_none_starves(
    database_18: Database, books: Books
) -> None:
    """While a job with a group is active, SAQ on PostgreSQL hands out none without."""
    async with belled(database_18) as (bell, _):
        for kind in JobKind:
            assert await bell.ring(kind)
    rows = await execute(database_18, "SELECT DISTINCT group_key FROM aksum_queue.saq_jobs")
    assert [row["group_key"] for row in rows] in ([None], [""])
    assert not [path for path in python_files(*PRODUCT) if "group_key" in text_of(path)]


async def test_row_6_work_by_time_is_no_cron_job_and_is_made_up_for(
    database_18: Database, books: Books
) -> None:
    """SAQ's cron jobs share keys, skip while they run, and forget what fell into a downtime."""
    queue = postgres_queue(database_18.worker_url)
    runner = Runner(make_async_container(Provider(scope=Scope.APP)), JOBS)
    assert not _worker(queue, runner).cron_jobs
    async with working(database_18):
        await until_row(
            database_18,
            "SELECT FROM aksum.schedules HAVING count(finished_at) = $1",
            sum(table.at_once for table in BY_TIME.values()),
        )
    await as_admin(
        database_18,
        "UPDATE aksum.schedules SET next_run_at = now() - interval '3 days', finished_at = NULL "
        "WHERE job = 'make_partitions'",
    )
    async with working(database_18), working(database_18):
        row = await until_row(
            database_18,
            "SELECT * FROM aksum.schedules WHERE job = 'make_partitions' AND finished_at > now() "
            "- interval '1 minute'",
        )
    assert row["lease_token"] == 2
    assert row["next_run_at"] > row["finished_at"]


async def test_row_7_two_sweepers_that_both_think_they_hold_the_lock_do_nothing_twice(
    database_18: Database, books: Books, queue_url: str | None
) -> None:
    """SAQ's lock belongs to a pooled connection, and goes with it unnoticed."""
    tenant, customer = await books.open()
    await books.deposit(tenant, customer, DEPOSITS)
    async with (
        belled(database_18, queue_url) as (_, one),
        belled(database_18, queue_url) as (_, other),
    ):
        await leave_active(one)
        async with working(database_18, queue_url):
            for _ in range(REPEATS):
                for queue in (one, other):
                    if isinstance(queue, RedisQueue):
                        await queue.redis.delete(queue.namespace("sweep"))
                    else:
                        queue._has_sweep_lock = True  # type: ignore[attr-defined]
                await asyncio.gather(*(each.sweep(abort=0.01) for each in (one, other)))
            await books.are_mirrored()


async def test_row_8_first_start_of_many_on_an_empty_database_makes_no_tables_and_fails_nowhere(
    database_18: Database,
) -> None:
    """SAQ makes its tables itself when it connects, and all but one of several fail."""
    queues = [postgres_queue(database_18.worker_url) for _ in range(6)]
    await asyncio.gather(*(queue.connect() for queue in queues))
    (row,) = await execute(database_18, "SELECT to_regclass('aksum_queue.saq_jobs') AS made")
    assert row["made"] is None
    await asyncio.gather(*(make_queue_tables(database_18.admin_url) for _ in range(4)))
    assert [await queue.count("queued") for queue in queues] == [0] * len(queues)
    await asyncio.gather(*(queue.disconnect() for queue in queues))


async def test_row_9_listening_connection_that_is_terminated_is_made_anew(
    database_18: Database, books: Books
) -> None:
    tenant, customer = await books.open()
    async with working(database_18):
        for _ in range(3):
            await as_admin(
                database_18,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'aksum queue' AND datname = current_database()",
            )
            await books.deposit(tenant, customer, DEPOSITS // 4)
            await books.are_mirrored()


async def test_row_11_told_to_stop_it_gives_back_what_it_cannot_finish(
    database_18: Database, books: Books, tmp_path: Path
) -> None:
    """SAQ cancels at once and requeues. The next worker need not wait for a lease to end."""
    tenant, customer = await books.open()
    await books.deposit(tenant, customer, DEPOSITS)
    armed = {"AKSUM_CRASH_POINT": f"{crash_points.MIRROR_LEASED}:pause=600000"}
    async with worker_process(database_18, tmp_path, environment=armed) as worker:
        await until_row(database_18, LEASED)
        worker.send(signal.SIGTERM)
        assert await worker.ended(END_SECONDS_MAX) == 0, worker.log()
        assert "worker has stopped" in worker.log()
    assert await as_admin(database_18, LEASED) == []
    (row,) = await as_admin(database_18, "SELECT max(attempts) AS most FROM aksum.intents")
    assert row["most"] == 0
    async with working(database_18):
        await books.are_mirrored()


async def test_row_12_no_page_of_the_queue_is_served(database_18: Database, tmp_path: Path) -> None:
    """SAQ's own shows every payload and lets anybody retry or abort, by default without a login."""
    await make_queue_tables(database_18.admin_url)
    assert not {name for name in imported() if name.startswith(("saq.web", "litestar_saq"))}
    async with worker_process(database_18, tmp_path) as worker:
        listening = [
            connection.laddr
            for connection in psutil.Process(worker.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == []


def imported() -> set[str]:
    names: set[str] = set()
    for path in python_files(*PRODUCT):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


async def test_row_13_many_due_rows_are_one_ring_and_whoever_posts_has_no_bell(
    database_18: Database, books: Books
) -> None:
    """Each job SAQ enqueues is a NOTIFY, whose lock at commit would stand in everybody's way."""
    tenant, customer = await books.open()
    await books.deposit(tenant, customer, DEPOSITS)
    async with belled(database_18) as (bell, queue):
        rung = [await bell.ring(JobKind.MIRROR) for _ in range(DEPOSITS)]
        assert rung.count(True) == await queue.count("queued") == 1
    for make in (make_api_container, make_ops_container):
        container = make(settings(database_18))
        with pytest.raises(NoFactoryError):
            await container.get(JobBell)
        await container.close()


async def test_queue_emptied_again_and_again_in_mid_run_loses_nothing(
    database_18: Database, books: Books, queue_url: str | None
) -> None:
    tenant, customer = await books.open()

    async def keep_wiping(queue: Queue) -> None:
        while True:
            await wipe(database_18, queue)
            await asyncio.sleep(0.01)

    async with (
        belled(database_18, queue_url) as (_, queue),
        working(database_18, queue_url),
        working(database_18, queue_url),
    ):
        wiping = asyncio.create_task(keep_wiping(queue))
        for _ in range(5):
            await books.deposit(tenant, customer, DEPOSITS // 5)
        await books.are_mirrored()
        wiping.cancel()
        await asyncio.gather(wiping, return_exceptions=True)
