"""Parameters from query string and form body: strings, each once, the query string first."""

import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import unquote_to_bytes

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.errors import VendorError
from entrypoints.simulator.decimals import parse_plain, places_of

_INTEGER = re.compile(r"[0-9]{1,19}")

Params = Mapping[str, str]


def parse(raw: bytes) -> dict[str, str]:
    """Raises VendorError for a parameter sent twice and for bytes that are not UTF-8."""
    found: dict[str, str] = {}
    for part in raw.split(b"&") if raw else ():
        name, _, value = part.partition(b"=")
        key = _decoded(name, "name")
        if key in found:
            raise VendorError(errors.DUPLICATE_PARAMETER, param=key)
        found[key] = _decoded(value, key)
    return found


def _decoded(raw: bytes, param: str) -> str:
    if b"%" in raw or b"+" in raw:
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise VendorError(errors.ILLEGAL_CHARACTERS, param=param) from None


def required(params: Params, name: str) -> str:
    value = params.get(name)
    if not value:
        raise VendorError(errors.PARAMETER_MISSING, param=name)
    return value


def required_int(params: Params, name: str) -> int:
    return _integer(required(params, name), name)


def optional_int(params: Params, name: str, default: int) -> int:
    text = params.get(name)
    return _integer(text, name) if text else default


def _integer(text: str, name: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise VendorError(errors.ILLEGAL_CHARACTERS, param=name)
    return int(text)


def amount(params: Params, name: str, *, fraction: int) -> Decimal | None:
    """None if it was not sent. Raises VendorError unless above zero and at most that fine."""
    text = params.get(name)
    if not text:
        return None
    value = parse_plain(text)
    if not value:
        raise VendorError(errors.ILLEGAL_CHARACTERS, param=name)
    if places_of(value) > fraction:
        raise VendorError(errors.PRECISION)
    return value


def refuse_unread(params: Params, known: frozenset[str], *, unread_bodies: int) -> None:
    """A body the vendor does not read, such as JSON, counts as one parameter."""
    strange = sum(name not in known for name in params) + unread_bodies
    if strange:
        sent = len(params) + unread_bodies
        raise VendorError(errors.UNREAD_PARAMETERS, read=sent - strange, sent=sent)
