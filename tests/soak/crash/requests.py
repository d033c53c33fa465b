"""Requests of a careful client: written down before they are sent, repeated until answered."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from tests.integration.sandbox_process import Sandbox
from tests.soak.diary import Diary, decoded_lines

ANSWER_SECONDS: Final = 30
PATIENCE_SECONDS: Final = 120
AGAIN_SECONDS: Final = 0.2
SERVER_ERROR: Final = 500
TOO_MANY: Final = 429
# What no request of ours should ever be told: then the load is wrong.
MISTAKEN: Final = frozenset({400, 401, 403, 404, 405})
# Another request is at work under the same key, or on the same source: it will have finished.
BUSY_CODES: Final = frozenset({"idempotency_in_progress", "conflict"})


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """`caller` is the place of a tenant in the sandbox's file; -1 and -2 are its operators."""

    key: str
    caller: int
    path: str
    body: Mapping[str, Any]
    scenario: str | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told"):
    """`id` is what was made, `code` why nothing was."""

    key: str
    status: int
    id: str | None = None
    code: str | None = None
    tries: int = 1


class Again(msgspec.Struct, frozen=True, tag="again"):
    """What a request was told that was answered before: it must be the same."""

    told: Told


Line = Asked | Told | Again


class NeverAnswered(AssertionError):
    """However often it was repeated."""


class Notebook:
    """The diary, and what of it clients need while they run."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.answered: list[Asked] = []
        self._diary = Diary(file)

    def write(self, line: Line) -> None:
        self._diary.write(line)


def read(file: Path) -> Iterable[Line]:
    # A union of types is not a type to msgspec's overloads.
    lines: Iterable[Line] = decoded_lines(file, Line)
    return lines


async def ask(sandbox: Sandbox, notebook: Notebook, asked: Asked) -> tuple[Told, Any]:
    """The first answer that is one, and its body. Raises `NeverAnswered`."""
    notebook.write(asked)
    told, body = await _until_answered(sandbox, asked)
    notebook.write(told)
    notebook.answered.append(asked)
    return told, body


async def ask_again(sandbox: Sandbox, notebook: Notebook, asked: Asked) -> Told:
    told, _ = await _until_answered(sandbox, asked)
    notebook.write(Again(told))
    return told


async def _until_answered(sandbox: Sandbox, asked: Asked) -> tuple[Told, Any]:
    tries = 0
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                tries += 1
                status, body = await _send(sandbox, asked)
                if status is not None:
                    assert status not in MISTAKEN, f"{asked.path} was answered with {status}"
                    told = Told(
                        key=asked.key,
                        status=status,
                        id=body.get("id"),
                        code=body.get("code"),
                        tries=tries,
                    )
                    return told, body
                await asyncio.sleep(AGAIN_SECONDS)
    except TimeoutError:
        raise NeverAnswered(f"{asked.path} with {asked.key}, {tries} tries") from None


async def _send(sandbox: Sandbox, asked: Asked) -> tuple[int | None, Any]:
    """No status when whoever answered has died, or asks to be asked again."""
    described = sandbox.describe()
    api_key = (
        described.operator_keys[-1 - asked.caller]
        if asked.caller < 0
        else described.tenants[asked.caller].api_key
    )
    headers = {"Authorization": f"Bearer {api_key}", "Idempotency-Key": asked.key}
    if asked.scenario is not None:
        headers["X-Aksum-Scenario"] = asked.scenario
    try:
        async with sandbox.session.post(
            described.api_url + asked.path,
            json=asked.body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        ) as response:
            body = await response.json()
    except (aiohttp.ClientError, TimeoutError):
        return None, None
    again = (
        response.status >= SERVER_ERROR
        or response.status == TOO_MANY
        or body.get("code") in BUSY_CODES
    )
    return (None if again else response.status), body
