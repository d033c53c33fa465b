"""What commands print: tables for people, one JSON document for machines."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

F = TypeVar("F", bound=Callable[..., Any])

WIDTH_WHEN_PIPED: Final = 220  # rather long lines than ids cut in two

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="One JSON document, for machines.")(
        command
    )


def console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDTH_WHEN_PIPED, highlight=False)


def print_json(document: object) -> None:
    click.echo(msgspec.json.format(_ENCODER.encode(document), indent=2).decode())


def print_rows(
    rows: Sequence[Mapping[str, object]],
    columns: Iterable[str],
    *,
    as_json: bool,
    title: str | None = None,
    nothing: str = "none",
) -> None:
    """A list: `{"data": [...]}` as JSON, the named columns of each row as a table."""
    if as_json:
        print_json({"data": rows})
        return
    if not rows:
        console().print(nothing)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    names = tuple(columns)
    for name in names:
        right = all(_is_number(row.get(name)) for row in rows)
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_shown(row.get(name)) for name in names))
    console().print(table)


def print_object(fields: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(fields)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _flat(fields):
        table.add_row(name, _shown(value))
    console().print(table)


def _flat(fields: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """`{"attempt": {"lp": …}}` as the line `attempt.lp`."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_shown(each) for each in value) or "-"
    return str(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | str) and _looks_numeric(str(value)))


def _looks_numeric(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()
