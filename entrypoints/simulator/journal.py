"""An append-only file, so that killing a simulator does not make the vendor forget a trade.

One JSON line a row: `{"kind": ..., "row": ...}`. Rows that belong together go out in one write, and
a line cut short by a crash is dropped on opening. It is not synced to disk: it survives the death
of the process, not of the machine, which is what a sandbox needs.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

_encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True):
    kind: str
    row: msgspec.Raw


class Journal:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._drop_torn_line()

    def _drop_torn_line(self) -> None:
        whole = self._path.read_bytes().rfind(b"\n") + 1
        os.ftruncate(self._file, whole)

    def lines(self) -> Iterator[Line]:
        decode = msgspec.json.Decoder(Line).decode
        return (decode(line) for line in self._path.read_bytes().splitlines())

    def append(self, *rows: tuple[str, msgspec.Struct]) -> None:
        os.write(
            self._file,
            b"".join(
                b'{"kind":%b,"row":%b}\n' % (_encode(kind), _encode(row)) for kind, row in rows
            ),
        )

    def close(self) -> None:
        os.close(self._file)
