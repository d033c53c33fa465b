"""Vendors' bytes into our types. Whatever is wrong with them, there is one error to catch."""

import re
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import msgspec

T = TypeVar("T")

DETAIL_MAX: Final = 200
_NUMBER: Final = re.compile(rb"-?[0-9][0-9.eE+-]{0,63}")

# What is kept in our rows must be fit for them: no control characters, no endless text.
PlainText = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,64}\Z")]
Identifier = (
    Annotated[str, msgspec.Meta(pattern=r"^[!-~]{0,128}\Z")] | Annotated[int, msgspec.Meta(ge=0)]
)
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Since 1970, up to the end of the year 9999, after which no calendar here goes on."""


class Unreadable(ValueError):
    """Not what the vendor documents."""


def reader(wanted: type[T]) -> Callable[[bytes], T]:
    """A decoder made once. It raises `Unreadable`, and nothing else."""
    decode = msgspec.json.Decoder(wanted).decode

    def read(body: bytes) -> T:
        try:
            return decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(detail(str(error))) from error

    return read


def amount_text(raw: msgspec.Raw) -> str:
    """The digits as they stand on the wire, in quotes or as a bare number: no float in between.

    Raises `Unreadable` for anything but these two; whether it is a plain number is asked later.
    """
    token = bytes(raw)
    if token.startswith(b'"'):
        return _read_text(token)
    if not _NUMBER.fullmatch(token):
        raise Unreadable(detail(f"not an amount: {token[:64]!r}"))
    return token.decode()


def detail(text: str) -> str:
    """Short, and without the control characters that a vendor could put into our records."""
    return "".join(each if each.isprintable() else "?" for each in text[:DETAIL_MAX])


def identifier(raw: str | int | None) -> str | None:
    """Text from text or number; None for what is missing or empty."""
    return None if raw is None or raw == "" else str(raw)


_read_text = reader(PlainText)
