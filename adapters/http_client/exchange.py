"""What became of one HTTP request. Callers that move money must decide on each of the three."""

from collections.abc import Mapping

import msgspec


class NotSent(msgspec.Struct, frozen=True):
    """No connection was made, so not one byte of the request can have arrived."""

    cause: str


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """The request may have arrived and been acted on; no whole answer came back."""

    cause: str
    timed_out: bool


class Answered(msgspec.Struct, frozen=True):
    """A whole answer, whatever its status. `headers` are found in any case of letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Exchange = NotSent | Lost | Answered


class Patience(msgspec.Struct, frozen=True):
    """How long to wait, in milliseconds, for a connection and then for bytes of the answer.

    Their sum bounds the whole exchange, so a server that sends one byte at a time gains nothing.
    """

    connect_ms: int
    read_ms: int
