"""Every process can be put together, and nothing that is put together commits by itself."""

from collections.abc import Callable

import pytest
from dishka import AsyncContainer

from entrypoints.wiring.container import (
    make_api_container,
    make_ops_container,
    make_worker_container,
)
from entrypoints.wiring.settings import Settings
from tests.architecture.sources import python_files, text_of


@pytest.mark.parametrize(
    "make",
    [make_api_container, make_worker_container, make_ops_container],
    ids=["api", "worker", "ops"],
)
async def test_container_of_every_process_is_complete(
    make: Callable[[Settings], AsyncContainer],
) -> None:
    """dishka looks at the whole graph when it builds one; no database is opened by that."""
    await make(Settings()).close()


def test_no_provider_commits() -> None:
    """A failed request closes its container as if it had succeeded (docs/adr/0014)."""
    providers = [
        path
        for path in python_files("entrypoints")
        if path.is_relative_to("entrypoints/wiring/providers")
    ]
    assert providers
    assert not [str(path) for path in providers if ".commit(" in text_of(path)]
