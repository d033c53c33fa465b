"""Settings come from the environment, AKSUM_*, and are read once, at start.

| variable | meaning |
|---|---|
| `AKSUM_DATABASE_URL` | the database; the user name in it is replaced by that of each role |
| `AKSUM_API_DATABASE_URL`, `AKSUM_WORKER_DATABASE_URL`, `AKSUM_OPS_DATABASE_URL` | one role's own |
| `AKSUM_DATA_DIR` | where the embedded PostgreSQL and the sandbox keep their files; `.aksum` |
| `AKSUM_SEAL_KEY` | PEM file of the key that seals are signed with; `seal-key.pem` in the above |
| `AKSUM_SEAL_TRUSTED_KEYS` | folder of public keys, old ones too; `seal-keys` in the above |
| `AKSUM_SEAL_ANCHOR` | folder that seals are written down in; `seal-anchor` in the above |
| `AKSUM_SECRET_KEYS` | keys that webhook secrets are encrypted with; `secret-keys` in the above |
| `AKSUM_ENVIRONMENT` | `test` or `live`: which API keys are valid here; `test` |
| `AKSUM_SANDBOX` | `true` lets partners credit customers and name faults; never in `live` |
| `AKSUM_LP_CONFIG` | JSON file of liquidity providers; `liquidity.json` in the data directory |
| `AKSUM_ABSENCE_MARGIN_SECONDS` | after a quote's expiry, until an LP's silence is proof; 60 |
| `AKSUM_QUEUE_URL` | `redis://…`, if the queue is not to live in the database |
| `AKSUM_POOL_MAIN`, `AKSUM_POOL_RECORD` | database connections of a process; 12 and 4 |
| `AKSUM_CRASH_POINT` | a named place to stop at, for tests; never in `live` |
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
from typing_extensions import override

from application.tenants.key_text import Environment
from entrypoints.wiring.errors import SettingInvalid

DATA_DIR: Final = "AKSUM_DATA_DIR"
ENVIRONMENT: Final = "AKSUM_ENVIRONMENT"
SANDBOX: Final = "AKSUM_SANDBOX"
LP_CONFIG: Final = "AKSUM_LP_CONFIG"
ABSENCE_MARGIN: Final = "AKSUM_ABSENCE_MARGIN_SECONDS"
SEAL_KEY: Final = "AKSUM_SEAL_KEY"
SEAL_TRUSTED_KEYS: Final = "AKSUM_SEAL_TRUSTED_KEYS"
SEAL_ANCHOR: Final = "AKSUM_SEAL_ANCHOR"
SECRET_KEYS: Final = "AKSUM_SECRET_KEYS"  # noqa: S105 - the name of a setting
QUEUE_URL: Final = "AKSUM_QUEUE_URL"
POOL_MAIN: Final = "AKSUM_POOL_MAIN"
POOL_RECORD: Final = "AKSUM_POOL_RECORD"
CRASH_POINT: Final = "AKSUM_CRASH_POINT"
URL_ENDING: Final = "DATABASE_URL"
API_DATABASE_URL: Final = f"AKSUM_API_{URL_ENDING}"
WORKER_DATABASE_URL: Final = f"AKSUM_WORKER_{URL_ENDING}"

DEFAULT_DATA_DIR: Final = ".aksum"
LP_CONFIG_FILE: Final = "liquidity.json"
POSTGRES_FOLDER: Final = "postgres"
MARGIN_SECONDS_MAX: Final = 24 * 3600
POOL_MAX: Final = 100
_SWITCH: Final = MappingProxyType(
    {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`database_urls` holds those that are set, by the name of their variable."""

    environment: Environment = Environment.TEST
    sandbox: bool = False
    data_dir: Path = Path(DEFAULT_DATA_DIR)
    database_urls: Mapping[str, str] = MappingProxyType({})
    lp_config: Path | None = None
    absence_margin: timedelta = timedelta(seconds=60)
    seal_key: Path | None = None
    seal_trusted_keys: Path | None = None
    seal_anchor: Path | None = None
    secret_keys: Path | None = None
    queue_url: str | None = None
    pool_main: int = 12
    pool_record: int = 4
    crash_point: str | None = None

    @property
    def postgres_dir(self) -> Path:
        return self.data_dir / POSTGRES_FOLDER

    @override
    def __repr__(self) -> str:
        """Without the URLs: settings end up in logs and tracebacks."""
        return f"Settings(environment={self.environment}, data_dir={str(self.data_dir)!r})"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises `SettingInvalid`, which names the variable."""
    environment = _environment(environ)
    sandbox = _switch(environ, SANDBOX)
    crash_point = environ.get(CRASH_POINT) or None
    if environment is Environment.LIVE:
        for setting, used in ((SANDBOX, sandbox), (CRASH_POINT, crash_point is not None)):
            if used:
                raise SettingInvalid(setting, f"must not be set where {ENVIRONMENT} is live")
    data_dir = Path(environ.get(DATA_DIR) or DEFAULT_DATA_DIR)
    return Settings(
        environment=environment,
        sandbox=sandbox,
        data_dir=data_dir,
        database_urls={
            name: value for name, value in environ.items() if _is_database_url(name) and value
        },
        lp_config=_lp_config(environ, data_dir),
        absence_margin=timedelta(
            seconds=_number(environ, ABSENCE_MARGIN, default=60, low=0, high=MARGIN_SECONDS_MAX)
        ),
        seal_key=_path(environ, SEAL_KEY),
        seal_trusted_keys=_path(environ, SEAL_TRUSTED_KEYS),
        seal_anchor=_path(environ, SEAL_ANCHOR),
        secret_keys=_path(environ, SECRET_KEYS),
        queue_url=_queue_url(environ),
        pool_main=_number(environ, POOL_MAIN, default=12, low=1, high=POOL_MAX),
        pool_record=_number(environ, POOL_RECORD, default=4, low=1, high=POOL_MAX),
        crash_point=crash_point,
    )


def without_database_urls(environ: Mapping[str, str]) -> dict[str, str]:
    """For a child process, which gets no more than the URL of its own role."""
    return {name: value for name, value in environ.items() if not _is_database_url(name)}


def _is_database_url(name: str) -> bool:
    return name.startswith("AKSUM_") and name.endswith(URL_ENDING)


def _environment(environ: Mapping[str, str]) -> Environment:
    try:
        return Environment(environ.get(ENVIRONMENT) or Environment.TEST)
    except ValueError:
        raise SettingInvalid(ENVIRONMENT, "must be test or live") from None


def _switch(environ: Mapping[str, str], setting: str) -> bool:
    value = _SWITCH.get(environ.get(setting, "").strip().lower())
    if value is None:
        raise SettingInvalid(setting, "must be true or false")
    return value


def _number(environ: Mapping[str, str], setting: str, *, default: int, low: int, high: int) -> int:
    text = environ.get(setting, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise SettingInvalid(setting, f"must be a whole number from {low} to {high}")
    return int(text)


def _lp_config(environ: Mapping[str, str], data_dir: Path) -> Path | None:
    named = environ.get(LP_CONFIG)
    if not named:
        usual = data_dir / LP_CONFIG_FILE
        return usual if usual.is_file() else None
    if not Path(named).is_file():
        raise SettingInvalid(LP_CONFIG, "there is no such file")
    return Path(named)


def _path(environ: Mapping[str, str], setting: str) -> Path | None:
    named = environ.get(setting)
    return Path(named) if named else None


def _queue_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get(QUEUE_URL) or None
    if url is not None and not url.startswith(("redis://", "rediss://")):
        raise SettingInvalid(QUEUE_URL, "must be a redis:// URL; unset, the queue is in PostgreSQL")
    return url
