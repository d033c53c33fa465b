"""What a receiver's answer means. Only 2xx is a receipt; whatever is in doubt is sent again."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

GONE: Final = 410
# Only these two promise by their meaning that a later time is better.
_MAY_ASK_FOR_TIME: Final = frozenset({429, 503})
_DIGITS_MAX: Final = 9


class Cause(StrEnum):
    """Why there is no answer."""

    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NAME_UNKNOWN = "name_unknown"
    TLS = "tls_failed"
    URL_REFUSED = "url_refused"
    ADDRESS_REFUSED = "address_refused"
    BROKEN = "broken_answer"


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is the beginning of what came, as text fit to be kept and shown."""

    status: int
    retry_after: str | None = None
    body: str = ""


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`detail` is for the partner to read: nothing of our own network is in it."""

    cause: Cause
    detail: str


Answer = Answered | NoAnswer


class Verdict(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


def judge(answer: Answer) -> Verdict:
    """A redirect is a failure: following it would send the event where nobody has vetted."""
    match answer:
        case Answered(status=status) if 200 <= status <= 299:
            return Verdict.DELIVERED
        case Answered(status=status) if status == GONE:
            return Verdict.GONE
        case _:
            return Verdict.FAILED


def wish_of(answer: Answer) -> timedelta | None:
    """How long the receiver asks us to stay away: `Retry-After` of a 429 or 503, in seconds."""
    if not isinstance(answer, Answered) or answer.status not in _MAY_ASK_FOR_TIME:
        return None
    text = answer.retry_after
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        return None
    return timedelta(seconds=int(text))


def outcome_of(answer: Answer) -> str:
    """One word for the log of attempts: `delivered`, `http_500`, `redirected`, `timed_out` …"""
    match answer:
        case NoAnswer(cause=cause):
            return cause.value
        case Answered(status=status) if 300 <= status <= 399:
            return "redirected"
        case Answered(status=status):
            verdict = judge(answer)
            return f"http_{status}" if verdict is Verdict.FAILED else verdict.value
