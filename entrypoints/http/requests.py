"""Reading a request: its headers, its body, its query. Whatever is doubtful is refused."""

import json
import re
from collections.abc import Iterable
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar.types import HTTPReceiveMessage, Receive

from entrypoints.http.problems import ApiError, invalid
from entrypoints.http.schemas.values import IN_WORDS
from entrypoints.simulator.fault_catalog import check_scenario
from entrypoints.simulator.faults import FaultInvalid

T = TypeVar("T", bound=msgspec.Struct)

BODY_BYTES_MAX: Final = 64 * 1024
QUERY_BYTES_MAX: Final = 4 * 1024
QUERY_FIELDS_MAX: Final = 20
SHOWN_MAX: Final = 200

# A second one of these would be read by one program and the first by another.
_SINGLE: Final = (b"authorization", b"content-type", b"idempotency-key", b"if-match")
_IDEMPOTENCY_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_IF_MATCH: Final = re.compile(r'"([1-9][0-9]{0,17})"')
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Faults separated by commas, each with parameters perhaps: `name, name:param=1;param=-2`.
_FAULT: Final = r"[a-z0-9_]{1,64}(:[a-z_]{1,32}=-?\d{1,9}(;[a-z_]{1,32}=-?\d{1,9}){0,3})?"
_SCENARIO: Final = re.compile(rf"{_FAULT}( *, *{_FAULT}){{0,7}}", re.ASCII)
# How msgspec says where: "Expected `str`, got `int` - at `$.fee.amount`".
_PLACE: Final = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_NAMED: Final = re.compile(
    r"^Object (?:contains unknown|missing required) field `(.*)`$", re.DOTALL
)
# It quotes the pattern as Python would.
_UNMATCHED: Final = "Expected `str` matching regex "
_IN_WORDS: Final = {_UNMATCHED + repr(pattern): words for pattern, words in IN_WORDS.items()}
_NUMBER_FOR_TEXT: Final = re.compile(r"^Expected `str(?: \| null)?`, got `(?:int|float)`$")


class Headers:
    """Of one request, read once; names in lower case. Raises `ApiError` for ambiguous ones."""

    __slots__ = ("_lines", "_values")

    def __init__(self, lines: Iterable[tuple[bytes, bytes]]) -> None:
        self._lines = list(lines)
        self._values = dict(self._lines)

    def check(self) -> None:
        if len(self._values) == len(self._lines):
            return
        names = [name for name, _ in self._lines]
        for name in _SINGLE:
            if names.count(name) > 1:
                raise invalid(f"more than one {name.decode()} header", parameter=name.decode())

    def get(self, name: bytes) -> str | None:
        value = self._values.get(name)
        return None if value is None else value.decode("latin-1").strip()

    @property
    def request_id(self) -> str | None:
        """The caller's own, if it is fit to be shown and logged."""
        text = self.get(b"x-request-id")
        return text if text is not None and _REQUEST_ID.fullmatch(text) else None

    @property
    def scenario(self) -> str | None:
        text = self.get(b"x-aksum-scenario")
        if text is None:
            return None
        # Ignored, a misspelt one would make a test pass that never saw its fault.
        if _SCENARIO.fullmatch(text) is None:
            raise invalid("faults are name[:param=number], ...", parameter="X-Aksum-Scenario")
        try:
            check_scenario(text)
        except FaultInvalid as error:
            raise invalid(str(error), parameter="X-Aksum-Scenario") from None
        return text

    @property
    def if_match(self) -> int | None:
        """The version a change is meant for. None when any will do."""
        text = self.get(b"if-match")
        if text is None or text == "*":
            return None
        found = _IF_MATCH.fullmatch(text)
        if found is None:
            raise invalid('If-Match is a version in quotes, as in "3"', parameter="If-Match")
        return int(found[1])

    @property
    def idempotency_key(self) -> str:
        """The bare token, or the quoted string of the header's standard."""
        text = self.get(b"idempotency-key")
        if not text:
            raise ApiError(
                "idempotency_key_required", "send an Idempotency-Key header with this request"
            )
        quoted = len(text) > 1 and text[0] == text[-1] == '"'
        key = text[1:-1] if quoted else text
        if _IDEMPOTENCY_KEY.fullmatch(key) is None:
            raise invalid(
                "an idempotency key is 1 to 255 of A-Z a-z 0-9 _ -", parameter="Idempotency-Key"
            )
        return key

    def require_json(self) -> None:
        media_type = (self.get(b"content-type") or "").partition(";")[0].rstrip().lower()
        if media_type != "application/json" or b"content-encoding" in self._values:
            raise ApiError("unsupported_media_type", "send application/json, not compressed")


async def read_body(receive: Receive, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Never more than `bytes_max`, whatever the headers promise."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]
        if message["type"] == "http.disconnect":
            raise invalid("the connection ended before the body did")
        chunk = message["body"]
        size += len(chunk)
        if size > bytes_max:
            raise ApiError("body_too_large", f"the body has more than {bytes_max} bytes")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decode_body(raw: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        decoded = decoder.decode(raw)
        # The decoder takes the last of two equal names and others the first; neither is safe.
        _UNAMBIGUOUS.decode(raw.decode())
    except msgspec.ValidationError as error:
        detail, pointer = _where(str(error))
        raise invalid(detail, pointer=pointer) from None
    except EqualNames as error:
        raise invalid(f"the body has a member twice: {_short(str(error))}", pointer="") from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        # Malformed JSON, malformed UTF-8.
        raise invalid("the body is not well-formed JSON", pointer="") from None
    return decoded


def decode_query(raw: bytes, kind: type[T]) -> T:
    if len(raw) > QUERY_BYTES_MAX:
        raise invalid("the query is too long")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=QUERY_FIELDS_MAX,
        )
        return msgspec.convert(_unique(pairs), kind, strict=False)
    except msgspec.ValidationError as error:
        detail, pointer = _where(str(error))
        raise invalid(detail, parameter=pointer.lstrip("/")) from None
    except ValueError:
        raise invalid("the query is malformed or has a parameter twice") from None


class EqualNames(ValueError):
    """Its text is the name that is there twice."""


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Raises `EqualNames`."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise EqualNames(name)
        found[name] = value
    return found


def _where(message: str) -> tuple[str, str]:
    """What is wrong, and a JSON pointer to where."""
    found = _PLACE.match(message)
    detail, place = (message, None) if found is None else found.groups()
    pointer = "".join(f"/{part}" for part in re.findall(r"[^.\[\]]+", place or "") if part != "...")
    named = _NAMED.match(detail)
    if named is not None:
        pointer += "/" + named[1].replace("~", "~0").replace("/", "~1")
    return _short(_in_words(detail)), _short(pointer)


def _in_words(detail: str) -> str:
    if _NUMBER_FOR_TEXT.match(detail):
        return f"{detail}: write it as text, in double quotes"
    return _IN_WORDS.get(detail, detail)


def _short(text: str) -> str:
    """What a caller sent comes back in an answer, but no answer grows with it."""
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


_UNAMBIGUOUS: Final = json.JSONDecoder(object_pairs_hook=_unique)
