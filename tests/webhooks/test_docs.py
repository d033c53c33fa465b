"""The page for partners does what it says: its samples verify us, and its tables are our rules."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from application.webhooks.manage_endpoints import ENDPOINTS_MAX
from domain.webhooks.answer import Cause
from domain.webhooks.endpoint import FAILING_MAX
from domain.webhooks.schedule import ATTEMPTS_MAX, PAUSES_S
from domain.webhooks.signing import (
    hmac_signature,
    secret_text,
    signature_header,
    signed_content,
)
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
SECRET = bytes(range(32))
BODY = '{"a": "é"}'
RUNNERS = [name for name in ("node",) if shutil.which(name)]


def sample(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def headers(secret: bytes = SECRET, *, age_s: int = 0) -> dict[str, str]:
    timestamp = int(time.time_ns() // 10**9) - age_s
    content = signed_content("evt_1", timestamp, BODY.encode())
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header(["v1a,AAAA", hmac_signature(secret, content)]),
    }


# Signed when they are tried: what was signed as the suite began may be too old by then.
CASES: Final[list[tuple[Callable[[], dict[str, str]], str, bool]]] = [
    (headers, BODY, True),
    (lambda: headers(bytes(32)), BODY, False),
    (lambda: headers(age_s=400), BODY, False),
    (headers, BODY + " ", False),
]


@pytest.mark.parametrize(("sent", "body", "verified"), CASES)
def test_sample_in_python_verifies_ours_and_no_other(
    sent: Callable[[], dict[str, str]], body: str, verified: bool
) -> None:
    names: dict[str, Any] = {}
    exec(sample("python"), names)
    verify: Callable[..., bool] = names["verify"]
    assert verify(secret_text(SECRET), sent(), body.encode()) is verified


@pytest.mark.parametrize("runner", RUNNERS)
def test_sample_in_javascript_verifies_ours_and_no_other(runner: str) -> None:
    cases = msgspec.json.encode([(sent(), body) for sent, body, _ in CASES]).decode()
    script = f"""{sample("javascript")}
    console.log(JSON.stringify({cases}.map(([h, b]) => verify("{secret_text(SECRET)}", h, b))))"""
    done = subprocess.run(
        [runner, "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert msgspec.json.decode(done.stdout) == [verified for _, _, verified in CASES]


def test_table_of_attempts_is_the_schedule() -> None:
    (numbers, pauses) = re.findall(r"^\| (?:attempt|after) \|(.*)\|$", PAGE, re.MULTILINE)
    assert len(numbers.split("|")) == ATTEMPTS_MAX
    units = {"s": 1, "min": 60, "h": 3_600}
    told = [each.split() for each in pauses.split("|")[1:]]
    assert tuple(int(number) * units[unit] for number, unit in told) == PAUSES_S


def test_numbers_in_the_text_are_ours() -> None:
    assert f"at most {ENDPOINTS_MAX} endpoints" in PAGE
    assert f"fails for {FAILING_MAX.days} days" in PAGE


def test_every_outcome_that_operators_meet_is_in_the_runbook() -> None:
    book = (ROOT / "docs" / "runbooks" / "webhook-failing.md").read_text()
    assert [each for each in Cause if f"`{each}`" not in book] == []
