"""The embedded server survives, and leaves behind, what real machines do to it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.embedded import GIVE_UP_STEPS, EmbeddedPostgres, find_running
from adapters.postgres.embedded_account import lent_capabilities, server_account
from adapters.postgres.embedded_errors import DataDirectoryInUse, EmbeddedPostgresError
from adapters.postgres.embedded_files import ServerFiles, embedded_programs
from adapters.postgres.embedded_leftovers import server_processes
from adapters.postgres.embedded_process import start_child
from tests.fixtures.postgres_servers import DURABLE, EMBEDDED_VERSIONS, PostgresStarter

PROMISED = {
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "listen_addresses": "",
    "TimeZone": "UTC",
    "data_checksums": "on",
    "server_encoding": "UTF8",
    "unix_socket_permissions": "0700",
}
SUPERVISOR = """
import asyncio, pathlib, sys
from adapters.postgres.embedded import EmbeddedPostgres

async def main():
    server = await EmbeddedPostgres(pathlib.Path(sys.argv[1]), {"shared_buffers": "64MB"}).start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
LIFELINE = """
import pathlib, signal, sys, threading
from adapters.postgres.embedded_process import start_child

signal.signal(signal.SIGQUIT, signal.SIG_IGN)  # as in a shell's background job
child = start_child(
    [sys.argv[2], "-c", "import threading; threading.Event().wait()"],
    log=pathlib.Path(sys.argv[1]), account=None, capabilities=(), die_by_pipe=True,
)
print(child.pid, flush=True)
threading.Event().wait()
"""


async def one_value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    """Not counting the dead whom nobody has collected yet: they have no command line."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def copy_programs(folder: Path) -> Path:
    """A copy of the wheel's programs below `folder`, as a checkout's own environment would be."""
    wheel = embedded_programs().parents[1]
    unneeded = shutil.ignore_patterns("include", "ecpg", "*.a")
    shutil.copytree(wheel, folder / wheel.name, ignore=unneeded, symlinks=True)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / wheel.name / "pginstall" / "bin"


def run_supervisor(script: str, *arguments: object) -> tuple[subprocess.Popen[str], int]:
    root = str(Path(__file__).parents[2])
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])},
    )
    assert supervisor.stdout is not None
    with supervisor.stdout as lines:
        return supervisor, int(lines.readline())


@pytest.mark.parametrize("version", EMBEDDED_VERSIONS)
async def test_first_start_gives_a_private_server_with_safe_settings(
    start_postgres: PostgresStarter, version: str
) -> None:
    server = await start_postgres(version=version, durable=True).start()
    found = {name: await one_value(server.admin_url, f"SHOW {name}") for name in PROMISED}
    assert found == PROMISED
    assert str(await one_value(server.admin_url, "SHOW server_version")).startswith(version)
    assert (
        await one_value(server.admin_url, "SHOW lc_collate" if version == "15" else "SELECT 'C'")
        == "C"
    )
    assert server.socket_dir.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("version", EMBEDDED_VERSIONS)
async def test_committed_data_survives_sigkill_of_the_server(
    start_postgres: PostgresStarter, version: str
) -> None:
    postgres = start_postgres(version=version, durable=True)
    server = await postgres.start()
    await one_value(server.admin_url, "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(server.pid, signal.SIGKILL)
    assert await postgres.wait() == -signal.SIGKILL
    again = await postgres.start()
    assert again.pid != server.pid
    assert again.admin_url == server.admin_url
    assert await one_value(again.admin_url, "SELECT n FROM kept") == 7


async def test_busy_backends_of_a_killed_server_do_not_prevent_the_next_start(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    postgres = start_postgres(tmp_path / "data", durable=True)
    server = await postgres.start()
    busy = await asyncpg.connect(server.admin_url)
    endless = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"
    query = asyncio.create_task(busy.fetchval(endless))
    observer = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM gen%'"
    while await one_value(server.admin_url, observer) == 0:
        pass
    os.kill(server.pid, signal.SIGKILL)
    await postgres.wait()
    again = await postgres.start()
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await query
    assert await one_value(again.admin_url, observer) == 0


async def test_killed_supervisor_leaves_no_server_and_its_directory_starts_again(
    tmp_path: Path, start_postgres: PostgresStarter
) -> None:
    supervisor, pid = run_supervisor(SUPERVISOR, tmp_path / "data")
    files = ServerFiles(tmp_path / "data")
    assert pid in server_processes(files)
    supervisor.kill()
    supervisor.wait()
    again = await start_postgres(tmp_path / "data", durable=True).start()
    assert not is_running(pid)
    assert again.pid != pid


async def test_lost_lifeline_ends_the_child_where_there_is_no_parent_death_signal(
    tmp_path: Path,
) -> None:
    supervisor, pid = run_supervisor(LIFELINE, tmp_path / "log", sys.executable)
    assert is_running(pid)
    supervisor.kill()
    supervisor.wait()
    await until(lambda: not is_running(pid))


async def test_server_outlives_the_thread_and_event_loop_that_started_it(
    start_postgres: PostgresStarter,
) -> None:
    postgres = start_postgres()
    server = await asyncio.to_thread(lambda: asyncio.run(postgres.start()))
    assert await one_value(server.admin_url, "SELECT 1") == 1


async def test_two_starts_at_once_make_one_server_and_one_clear_refusal(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    results = await asyncio.gather(
        *(start_postgres(folder).start() for _ in range(2)), return_exceptions=True
    )
    refused = [each for each in results if isinstance(each, DataDirectoryInUse)]
    assert [each.pid for each in refused] == [os.getpid()]
    running = find_running(folder)
    assert running is not None
    assert running in results
    assert await one_value(running.admin_url, "SELECT 1") == 1


async def test_server_started_by_hand_is_named_and_left_alone(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    postgres = start_postgres(tmp_path / "data")
    await postgres.start()
    await postgres.stop()
    files = ServerFiles(tmp_path / "data")
    account = server_account(files.cluster)
    options = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={files.cluster}")
    by_hand = start_child(
        [str(embedded_programs() / "postgres"), "-D", str(files.cluster), *options],
        log=tmp_path / "log",
        account=account,
        capabilities=lent_capabilities(account, embedded_programs(), files.cluster),
    )
    try:
        await until(lambda: by_hand.pid in server_processes(files))
        await until((files.cluster / "postmaster.pid").exists)
        with pytest.raises(DataDirectoryInUse, match=f"process {by_hand.pid}") as refused:
            await postgres.start()
        assert refused.value.pid == by_hand.pid
        assert by_hand.ended() is None
    finally:
        await by_hand.stop(GIVE_UP_STEPS)


async def test_interrupted_initdb_is_done_again(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    half_made = tmp_path / "data" / "cluster.new-interrupted"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server = await start_postgres(tmp_path / "data").start()
    assert await one_value(server.admin_url, "SELECT 1") == 1
    assert not half_made.exists()


async def test_start_given_up_midway_leaves_nothing_in_the_way_of_the_next(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    postgres = start_postgres(tmp_path / "data")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(postgres.start(), 0.1)
    server = await start_postgres(tmp_path / "data").start()
    assert await one_value(server.admin_url, "SELECT 1") == 1
    assert not list((tmp_path / "data").glob("cluster.new-*"))


async def test_pid_file_whose_pid_is_now_another_program_does_not_prevent_a_start(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    postgres = start_postgres(tmp_path / "data", durable=True)
    server = await postgres.start()
    os.kill(server.pid, signal.SIGKILL)
    await postgres.wait()
    stale = tmp_path / "data" / "cluster" / "postmaster.pid"
    lines = stale.read_text().splitlines()
    stale.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    assert await one_value((await postgres.start()).admin_url, "SELECT 1") == 1


async def test_long_path_gets_a_socket_elsewhere_that_goes_with_the_server(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    postgres = start_postgres(tmp_path / ("long" * 30) / "data")
    server = await postgres.start()
    assert await one_value(server.admin_url, "SELECT 1") == 1
    assert not server.socket_dir.is_relative_to(tmp_path)
    await postgres.stop()
    assert not server.socket_dir.exists()


async def test_programs_and_data_below_a_closed_folder_work_for_root_too(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    programs = copy_programs(closed)
    async with EmbeddedPostgres(closed / "data", DURABLE, bin_dir=programs) as server:
        assert await one_value(server.admin_url, "SELECT 1") == 1
        assert closed.stat().st_mode & 0o777 == 0o700


async def test_programs_that_only_root_may_execute_work_for_root_too(tmp_path: Path) -> None:
    programs = copy_programs(tmp_path)
    for path in programs.parent.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    async with EmbeddedPostgres(tmp_path / "data", DURABLE, bin_dir=programs) as server:
        assert await one_value(server.admin_url, "SELECT 1") == 1


async def test_cluster_of_another_version_is_refused_with_the_servers_own_words(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    postgres = start_postgres(tmp_path / "data")
    await postgres.start()
    await postgres.stop()
    (tmp_path / "data" / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedPostgresError, match="initialized by PostgreSQL version 15"):
        await postgres.start()
    (tmp_path / "data" / "cluster" / "PG_VERSION").write_text("18\n")
    await postgres.start()  # the refusal let go of the directory


async def test_foreign_directory_is_not_taken_for_a_cluster(
    start_postgres: PostgresStarter, tmp_path: Path
) -> None:
    (tmp_path / "data" / "cluster").mkdir(parents=True)
    with pytest.raises(EmbeddedPostgresError, match="no PostgreSQL data directory"):
        await start_postgres(tmp_path / "data").start()


@pytest.mark.parametrize("name", ["listen_addresses", "unix_socket_directories", "fsync=off -c x"])
def test_settings_that_would_open_the_server_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a setting"):
        EmbeddedPostgres(tmp_path, {name: "*"})
