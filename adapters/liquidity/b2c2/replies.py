"""An answer sorted: a body, codes, no such thing, or nothing that can be relied on. Pure."""

import msgspec

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.alerts import undocumented
from adapters.liquidity.b2c2.errors import MEANINGS, meaning_of
from adapters.liquidity.b2c2.schemas import read_errors
from adapters.liquidity.meanings import SERVER_ERROR_FROM, TOO_MANY_REQUESTS, Meaning
from adapters.liquidity.reading import Unreadable, detail

DIALECT = "b2c2"
GOOD = frozenset({200, 201})
NOT_FOUND = 404


class Body(msgspec.Struct, frozen=True):
    body: bytes
    link: str = ""


class Codes(msgspec.Struct, frozen=True):
    """The vendor's refusal. A server error never is one, whatever codes it carries."""

    meaning: Meaning
    told: str


class Missing(msgspec.Struct, frozen=True):
    """The vendor says, in its own words, that there is no such thing."""


class Throttled(msgspec.Struct, frozen=True):
    told: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """`sent` False: not one byte left."""

    cause: str
    sent: bool = True
    timed_out: bool = False


Reply = Body | Codes | Missing | Throttled | Nothing


def read_reply(exchange: Exchange) -> Reply:
    match exchange:
        case NotSent(cause):
            return Nothing(cause=cause, sent=False)
        case Lost(cause=cause, timed_out=timed_out):
            return Nothing(cause=cause, timed_out=timed_out)
        case Answered(status, headers, body) if status in GOOD:
            return _errors(status, body) or Body(body, headers.get("Link", ""))
        case Answered(status, _, body):
            told = f"HTTP {status}, no readable error"
            return _errors(status, body) or Nothing(cause=told)


def _errors(status: int, body: bytes) -> Reply | None:
    """None when the body holds no errors of the vendor."""
    try:
        rows = read_errors(body).errors
    except Unreadable:
        return None
    told = ", ".join(f"{row.code}: {row.message}" for row in rows)
    told = detail(f"HTTP {status}, {told}")
    if status == TOO_MANY_REQUESTS:
        return Throttled(told)
    if status >= SERVER_ERROR_FROM:
        return Nothing(cause=told)
    if status == NOT_FOUND:
        return Missing()
    codes = [str(row.code) for row in rows]
    for code in codes:
        if code not in MEANINGS:
            undocumented(DIALECT, "error code", code)
    return Codes(meaning_of(codes), told)
