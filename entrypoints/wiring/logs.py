"""Logs of a process: one JSON object a line on standard error, without secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

# What must not be in a log even when somebody logs it by mistake: keys, passwords in URLs.
SECRETS: Final = (
    (re.compile(r"\bak_(test|live)_([0-9A-Za-z]{16})_[0-9A-Za-z_]+"), r"ak_\1_\2_hidden"),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@"), r"\1:hidden@"),
)
QUIET: Final = {
    "psycopg.pool": logging.WARNING,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "saq": logging.ERROR,  # it warns of every stop that ours has already waited for
}


def configure_logging(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)


def redact(
    _logger: object,
    _method: str,
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = without_secrets(value)
    return event


def without_secrets(text: str) -> str:
    for pattern, hidden in SECRETS:
        text = pattern.sub(hidden, text)
    return text
