"""PostgreSQL URLs as psql and asyncpg read them, and their form for SQLAlchemy. No I/O.

Two forms: ``postgresql://user:password@host:port/database?…`` and, for a socket,
``postgresql://user@/database?host=/directory``.
"""

from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec

from adapters.postgres.roles import ADMIN_URL_SETTING, Role

SCHEMES: Final = frozenset({"postgresql", "postgres"})
# Query parameters that SQLAlchemy's asyncpg dialect hands on under the name given here.
SQLALCHEMY_NAMES: Final[Mapping[str, str]] = {"host": "host", "port": "port", "sslmode": "ssl"}
HIDDEN: Final = "hidden"


class DatabaseUrlInvalid(ValueError):
    """The text is no PostgreSQL URL. The message never repeats it: it may hold a password."""


class PostgresUrl(msgspec.Struct, frozen=True, kw_only=True):
    """Decoded parts. `hosts` is the text between user and database: empty for a socket."""

    user: str | None
    password: str | None
    hosts: str
    database: str | None
    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        try:
            parts = urlsplit(text)
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError as error:
            raise DatabaseUrlInvalid(f"not a PostgreSQL URL: {error.__class__.__name__}") from None
        if parts.scheme not in SCHEMES or parts.fragment or not text.startswith(parts.scheme):
            raise DatabaseUrlInvalid("not a PostgreSQL URL: expected postgresql://user@host/name")
        credentials, _, hosts = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        named = dict(pairs)  # libpq allows these three as parameters too
        return cls(
            user=unquote(user) or named.get("user"),
            password=unquote(password) or named.get("password"),
            hosts=hosts,
            database=unquote(parts.path.removeprefix("/")) or named.get("dbname"),
            parameters=tuple(
                (name, value) for name, value in pairs if name not in {"user", "password", "dbname"}
            ),
        )

    def render(self, scheme: str = "postgresql") -> str:
        user = quote(self.user or "", safe="")
        password = f":{quote(self.password, safe='')}" if self.password is not None else ""
        credentials = f"{user}{password}@" if self.user or self.password else ""
        database = quote(self.database or "", safe="")
        query = urlencode(self.parameters, quote_via=quote, safe="/,:")
        return f"{scheme}://{credentials}{self.hosts}/{database}{'?' if query else ''}{query}"


def with_user(url: str, user: str) -> str:
    return msgspec.structs.replace(PostgresUrl.parse(url), user=user).render()


def with_database(url: str, database: str) -> str:
    return msgspec.structs.replace(PostgresUrl.parse(url), database=database).render()


def redacted(url: str) -> str:
    """`url` with its passwords hidden, for logs and errors."""
    parsed = PostgresUrl.parse(url)
    shown = msgspec.structs.replace(
        parsed,
        password=None if parsed.password is None else HIDDEN,
        parameters=tuple(
            (name, HIDDEN if "password" in name else value) for name, value in parsed.parameters
        ),
    )
    return shown.render()


def role_url(settings: Mapping[str, str], role: Role) -> str:
    """The URL of `role`: its own setting, else AKSUM_DATABASE_URL with the user replaced."""
    own = settings.get(role.setting) if role.setting else None
    if own:
        return own
    if not settings.get(ADMIN_URL_SETTING):
        wanted = f"{role.setting} or {ADMIN_URL_SETTING}" if role.setting else ADMIN_URL_SETTING
        raise DatabaseUrlInvalid(f"set {wanted} to the URL of the database")
    return with_user(settings[ADMIN_URL_SETTING], role.value)


def to_sqlalchemy(url: str, driver: str = "asyncpg") -> str:
    """`url` for SQLAlchemy's `create_engine` or `create_async_engine`.

    psycopg takes every libpq parameter. asyncpg reads most of them from a DSN only, so a URL with
    more than host, port and sslmode travels whole in the `dsn` argument, without the password,
    which stays where SQLAlchemy hides it.
    """
    parsed = PostgresUrl.parse(url)
    if driver != "asyncpg":
        return _for_libpq(parsed, driver)
    plain = "," not in parsed.hosts and "%" not in parsed.hosts
    if plain and all(name in SQLALCHEMY_NAMES for name, _ in parsed.parameters):
        renamed = tuple((SQLALCHEMY_NAMES[name], value) for name, value in parsed.parameters)
        return msgspec.structs.replace(parsed, parameters=renamed).render("postgresql+asyncpg")
    dsn = msgspec.structs.replace(parsed, user=None, password=None).render()
    outer = msgspec.structs.replace(parsed, hosts="", database=None, parameters=(("dsn", dsn),))
    return outer.render("postgresql+asyncpg")


def _for_libpq(parsed: PostgresUrl, driver: str) -> str:
    """Several hosts, or a socket directory in the host's place, become the host parameter."""
    if "," not in parsed.hosts and "%" not in parsed.hosts:
        return parsed.render(f"postgresql+{driver}")
    pairs = [each.partition(":") for each in parsed.hosts.split(",")]
    hosts = ",".join(unquote(host) for host, _, _ in pairs)
    ports = ",".join(port for _, _, port in pairs)
    extra = (("host", hosts), *((("port", ports),) if ports.strip(",") else ()))
    moved = msgspec.structs.replace(parsed, hosts="", parameters=(*extra, *parsed.parameters))
    return moved.render(f"postgresql+{driver}")
