"""One URL, three readers: psql, asyncpg and SQLAlchemy must all end up in the same place."""

import asyncio
import subprocess
from collections.abc import Callable

import asyncpg
import pytest
from sqlalchemy import create_engine, make_url, text

from adapters.postgres.embedded_files import embedded_programs
from adapters.postgres.roles import Role
from adapters.postgres.urls import (
    DatabaseUrlInvalid,
    PostgresUrl,
    redacted,
    role_url,
    to_sqlalchemy,
    with_database,
    with_user,
)
from tests.fixtures.postgres_servers import Database

SOCKET = "postgresql://postgres@/aksum?host=/run/aksum"
NETWORK = "postgresql://boss:p%40ss%2F%3A@db.example:6432/aksum?sslmode=verify-full"
WHERE = "SELECT current_user || ' ' || current_database()"


def with_extras(url: str) -> str:
    """A parameter that SQLAlchemy's asyncpg dialect does not know by itself."""
    return f"{url}&application_name=aksum%20test"


def with_host_in_front(url: str) -> str:
    parsed = PostgresUrl.parse(url)
    folder = dict(parsed.parameters)["host"].replace("/", "%2F")
    return f"postgresql://{parsed.user}@{folder}/{parsed.database}"


@pytest.mark.parametrize("form", [str, with_extras, with_host_in_front])
async def test_psql_asyncpg_and_sqlalchemy_reach_the_same_database(
    module_database_18: Database, form: Callable[[str], str]
) -> None:
    url = with_user(form(module_database_18.admin_url), Role.API)
    expected = f"aksum_api {module_database_18.name}"

    shown = await asyncio.to_thread(
        subprocess.run,
        [str(embedded_programs() / "psql"), "-XAt", "-c", WHERE, url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == expected

    connection = await asyncpg.connect(url)
    assert await connection.fetchval(WHERE) == expected
    await connection.close()

    # What SQLAlchemy's dialect would hand to the driver; its own loop bridge is not needed here.
    target = make_url(to_sqlalchemy(url))
    arguments, options = target.get_dialect()().create_connect_args(target)
    through_sqlalchemy = await asyncpg.connect(*arguments, **options)
    assert await through_sqlalchemy.fetchval(WHERE) == expected
    await through_sqlalchemy.close()

    blocking = create_engine(to_sqlalchemy(url, "psycopg"))
    with blocking.connect() as through_psycopg:
        assert through_psycopg.scalar(text(WHERE)) == expected
    blocking.dispose()


@pytest.mark.parametrize("url", [SOCKET, NETWORK, "postgresql:///aksum", "postgresql://h:1,h2:2/d"])
def test_rendering_what_was_parsed_gives_the_same_url(url: str) -> None:
    assert PostgresUrl.parse(url).render() == url


def test_user_and_database_are_replaced_and_the_rest_stays() -> None:
    assert with_user(SOCKET, "aksum_api") == "postgresql://aksum_api@/aksum?host=/run/aksum"
    assert with_user(NETWORK, "a b") == NETWORK.replace("boss", "a%20b")
    assert with_database(NETWORK, "x/y") == NETWORK.replace("/aksum", "/x%2Fy")


def test_credentials_given_as_parameters_are_read_too() -> None:
    parsed = PostgresUrl.parse("postgres://h/?user=u&password=p&dbname=d&sslmode=require")
    assert (parsed.user, parsed.password, parsed.database) == ("u", "p", "d")
    assert parsed.render() == "postgresql://u:p@h/d?sslmode=require"


def test_sqlalchemy_form_keeps_the_password_where_it_is_hidden() -> None:
    assert to_sqlalchemy(NETWORK) == NETWORK.replace("postgresql:", "postgresql+asyncpg:").replace(
        "sslmode=", "ssl="
    )
    moved = make_url(to_sqlalchemy(f"{NETWORK}&sslrootcert=/ca.pem"))
    assert (moved.username, moved.password) == ("boss", "p@ss/:")
    assert "sslrootcert=/ca.pem" in str(moved.query["dsn"])
    assert "p%40ss" not in moved.render_as_string(hide_password=True)


def test_passwords_do_not_reach_logs() -> None:
    shown = redacted(f"{NETWORK}&sslpassword=deep")
    assert "p%40ss" not in shown
    assert "deep" not in shown
    assert "boss:hidden@db.example" in shown


@pytest.mark.parametrize(
    "text_", ["", "mysql://h/d", "aksum", "postgresql://h:x]/d[", "//h/secret"]
)
def test_other_texts_are_refused_without_being_repeated(text_: str) -> None:
    with pytest.raises(DatabaseUrlInvalid) as refused:
        PostgresUrl.parse(text_)
    assert "secret" not in str(refused.value)


def test_role_takes_its_own_setting_else_the_admins_with_another_user() -> None:
    settings = {"AKSUM_DATABASE_URL": NETWORK, "AKSUM_API_DATABASE_URL": SOCKET}
    assert role_url(settings, Role.API) == SOCKET
    assert role_url(settings, Role.WORKER) == NETWORK.replace("boss", "aksum_worker")
    assert role_url(settings, Role.MIGRATOR) == NETWORK.replace("boss", "aksum_migrator")
    with pytest.raises(DatabaseUrlInvalid, match="AKSUM_OPS_DATABASE_URL or AKSUM_DATABASE_URL"):
        role_url({}, Role.OPS)
