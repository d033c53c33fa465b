"""Commands start quickly: what only some processes need is not loaded by the others."""

import subprocess
import sys
from typing import Final

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from adapters.postgres.revision import SCRIPTS, head

SLOW: Final = frozenset({"aiohttp", "alembic", "litestar", "psycopg", "redis", "saq", "sqlalchemy"})
# A command of an operator, and the API, whose HTTP client and framework are its work.
NEEDED: Final = {
    "entrypoints.cli.operator": frozenset[str](),
    "entrypoints.wiring.asgi": frozenset({"aiohttp", "litestar"}),
}


@pytest.mark.parametrize("module", NEEDED)
def test_module_loads_nothing_slow_that_it_does_not_need(module: str) -> None:
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()
    assert SLOW & {*loaded} <= NEEDED[module]


def test_head_by_file_names_is_the_one_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    assert head() == ScriptDirectory.from_config(config).get_current_head()
