"""The envelope around every answer: its result, a code, or nothing that can be relied on. Pure."""

import msgspec

from adapters.http_client.exchange import Answered, Exchange, Lost, NotSent
from adapters.liquidity.bybit_convert.errors import MEANINGS
from adapters.liquidity.bybit_convert.schemas import read_envelope
from adapters.liquidity.meanings import OK, SERVER_ERROR_FROM, UNMAPPED, Meaning
from adapters.liquidity.reading import Unreadable, detail


class Result(msgspec.Struct, frozen=True):
    """The vendor did as asked; what it says about that is still to be read."""

    body: bytes


class Code(msgspec.Struct, frozen=True):
    """The vendor's refusal. A server error never is one, whatever code it carries."""

    code: str
    told: str

    @property
    def meaning(self) -> Meaning:
        return MEANINGS.get(self.code, UNMAPPED)

    @property
    def is_documented(self) -> bool:
        return self.code in MEANINGS


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """`sent` False: not one byte left."""

    cause: str
    sent: bool = True
    timed_out: bool = False


Reply = Result | Code | Nothing


def read_reply(exchange: Exchange) -> Reply:
    match exchange:
        case NotSent(cause):
            return Nothing(cause=cause, sent=False)
        case Lost(cause=cause, timed_out=timed_out):
            return Nothing(cause=cause, timed_out=timed_out)
        case Answered(status, _, body):
            return _read(status, body)


def _read(status: int, body: bytes) -> Reply:
    try:
        envelope = read_envelope(body)
    except Unreadable as error:
        return Nothing(cause=detail(f"HTTP {status}, unreadable answer: {error}"))
    told = detail(f"HTTP {status}, code {envelope.ret_code}: {envelope.ret_msg}")
    if status >= SERVER_ERROR_FROM or (status != OK and envelope.ret_code == 0):
        return Nothing(cause=told)
    if envelope.ret_code != 0:
        return Code(code=str(envelope.ret_code), told=told)
    return Result(bytes(envelope.result))
