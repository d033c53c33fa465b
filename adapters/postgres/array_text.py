"""Arrays as the text PostgreSQL reads them from, one parameter each: `$1::text::uuid[]`.

The driver encodes a list element by element and asks of each whether it is a list itself, which
takes three to four times as long as joining their texts, and no list of it holds numbers above
64 bits. A column in which nothing is set is None: `unnest` fills it up beside the others.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final
from uuid import UUID

NULL: Final = "NULL"
_QUOTE: Final = '"'
_BETWEEN: Final = '","'


def ids(values: Iterable[UUID]) -> str:
    return f"{{{','.join([value.hex for value in values])}}}"


def numbers(values: list[int]) -> str:
    """For `int[]`, `bigint[]` and `numeric[]`, exact at any size. As a list is shown: `1, 2`."""
    return f"{{{str(values)[1:-1]}}}"


def dates(values: Sequence[date]) -> str:
    """Many are alike, and each text is made once."""
    texts_of = {value: value.isoformat() for value in set(values)}
    return f"{{{','.join([texts_of[value] for value in values])}}}"


def texts(values: Sequence[str]) -> str:
    """Quoted, so that nothing in them means anything, `NULL` neither."""
    if not values:
        return "{}"
    joined = _BETWEEN.join(values)
    if "\\" in joined or joined.count(_QUOTE) != 2 * (len(values) - 1):
        joined = _BETWEEN.join(map(_escaped, values))
    return f'{{"{joined}"}}'


def optional_ids(values: Sequence[UUID | None]) -> str | None:
    if not any(values):
        return None
    return f"{{{','.join([NULL if value is None else value.hex for value in values])}}}"


def optional_numbers(values: list[int | None]) -> str | None:
    if values.count(None) == len(values):
        return None
    return f"{{{str(values)[1:-1].replace('None', NULL)}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(_QUOTE, '\\"')
