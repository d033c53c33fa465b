"""What a serving process refuses to start with, in words that say what to correct."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import pytest

from adapters.postgres.urls import with_user
from tests.architecture.sources import ROOT
from tests.fixtures.postgres_servers import Database, Server

SECONDS_MAX: Final = 60


def aksum(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_superusers_url_is_refused(command: str, database_18: Database) -> None:
    """Also though the role's own URL could be derived from it."""
    refused = aksum(command, environment={"AKSUM_DATABASE_URL": database_18.admin_url})
    assert refused.returncode == 1
    assert "AKSUM_DATABASE_URL logs in as a superuser" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_processs_role_is_refused(database_18: Database) -> None:
    refused = aksum("worker", environment={"AKSUM_WORKER_DATABASE_URL": database_18.api_url})
    assert refused.returncode == 1
    assert "aksum_worker" in refused.stderr


def test_role_that_bypasses_row_level_security_is_refused(database_18: Database) -> None:
    url = with_user(database_18.admin_url, "postgres")
    refused = aksum("worker", environment={"AKSUM_WORKER_DATABASE_URL": url})
    assert refused.returncode == 1
    assert "AKSUM_WORKER_DATABASE_URL" in refused.stderr


def test_database_that_was_not_migrated_is_refused(postgres_18: Server) -> None:
    """The server's own maintenance database: our roles exist there, our tables do not."""
    postgres_18.drop_database(postgres_18.create_database().name)  # makes the roles
    refused = aksum(
        "worker",
        environment={"AKSUM_WORKER_DATABASE_URL": with_user(postgres_18.admin_url, "aksum_worker")},
    )
    assert refused.returncode == 1
    assert "aksum migrate" in refused.stderr


def test_url_that_nobody_listens_at_is_named_without_its_password() -> None:
    url = "postgresql://aksum_worker:hunter2@127.0.0.1:1/aksum"
    refused = aksum("worker", environment={"AKSUM_WORKER_DATABASE_URL": url})
    assert refused.returncode == 1
    assert "127.0.0.1:1" in refused.stderr
    assert "hunter2" not in refused.stderr
