import io
import json
import logging
from collections.abc import Iterator

import pytest

from application.tenants.key_text import Environment, KeyText
from entrypoints.wiring.logs import configure_logging

KEY = KeyText(Environment.TEST, "l" * 16, "s" * 43).render()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_line_is_one_json_object(log: io.StringIO) -> None:
    logging.getLogger("a.module").warning("it is %s", "so")
    line = json.loads(log.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("it is so", "warning", "a.module")


@pytest.mark.parametrize(
    "secret", [KEY, "postgresql://aksum_api:hunter2@db/aksum", "redis://:hunter2@queue/0"]
)
def test_secret_that_is_logged_by_mistake_is_hidden(log: io.StringIO, secret: str) -> None:
    error = ValueError(secret)
    logging.getLogger("a").error("failed with %s", secret, exc_info=error)
    assert "hunter2" not in log.getvalue()
    assert "s" * 43 not in log.getvalue()
    assert "hidden" in log.getvalue()
