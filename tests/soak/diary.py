"""What a process of writers was told, in a file that survives its being killed.

A line is written at once and whole. A batch that was sent and has no answer may or may not have
been posted: that is what the next process has to find out.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from domain.ledger.outcomes import Outcome

MODE: Final = 0o600


class Answered(msgspec.Struct, frozen=True):
    """Of one payment. `posted` is the id of the transaction in hexadecimal, if it was told."""

    key: str
    code: int
    replayed: bool
    posted: str | None


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    writer: int
    batch: int


class Told(msgspec.Struct, frozen=True, tag="told"):
    writer: int
    batch: int
    answers: tuple[Answered, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """An error that the ledger raised to the writer, who then asked again."""

    writer: int
    batch: int
    error: str


Line = Sent | Told | Failed


class Diary:
    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_APPEND | os.O_CREAT | os.O_WRONLY, MODE)
        # Whatever a killed one left unfinished is a line of its own, and skipped.
        os.write(self._file, b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def write(self, line: msgspec.Struct) -> None:
        os.write(self._file, msgspec.json.encode(line) + b"\n")


def read(file: Path) -> Iterator[Line]:
    return decoded_lines(file, Line)


def decoded_lines(file: Path, kind: Any) -> Iterator[Any]:  # noqa: ANN401 - a union is no type
    for line in file.read_bytes().split(b"\n") if file.exists() else ():
        try:
            yield msgspec.json.decode(line, type=kind)
        except msgspec.DecodeError:
            continue


def answered(key: str, outcome: Outcome) -> Answered:
    posted = None if outcome.transaction_id is None else outcome.transaction_id.hex
    return Answered(key, int(outcome.code), outcome.replayed, posted)
