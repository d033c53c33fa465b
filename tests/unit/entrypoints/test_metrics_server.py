import asyncio

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Response

from entrypoints.cli import metrics_server
from entrypoints.cli.metrics_server import MetricsPage


async def ask(page: MetricsPage) -> Response:
    return await page.serve(make_mocked_request("GET", "/metrics"))


async def test_several_scrapers_at_once_make_one_look() -> None:
    looks = 0

    async def read() -> bytes:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return b"a 1\n"

    page = MetricsPage(read)
    answers = await asyncio.gather(*(ask(page) for _ in range(5)))
    assert [(each.status, each.body) for each in answers] == [(200, b"a 1\n")] * 5
    assert looks == 1


async def test_figures_that_cannot_be_read_are_no_old_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_server, "FRESH_SECONDS", 0.0)
    answers: list[bytes] = [b"a 1\n"]

    async def read() -> bytes:
        if not answers:
            raise OSError("the database is gone")
        return answers.pop()

    page = MetricsPage(read)
    assert (await ask(page)).status == 200
    failed = await ask(page)
    assert failed.status == 503
    assert failed.body == b"the figures cannot be read\n"
    answers.append(b"a 2\n")
    assert (await ask(page)).body == b"a 2\n"


async def test_look_that_does_not_come_back_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "READ_SECONDS_MAX", 0.01)

    async def read() -> bytes:
        await asyncio.Event().wait()
        return b""

    async with asyncio.timeout(5):
        assert (await ask(MetricsPage(read))).status == 503
