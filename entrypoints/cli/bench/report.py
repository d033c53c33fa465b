"""What a benchmark hands over: tables for people, and one line of JSON for machines."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click
import msgspec
from rich.table import Table

from entrypoints.cli.output import console

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)

Cell = str | int | float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`ratios` compare within one run. `verified`: what was done was checked and is right."""

    bench: str
    ratios: Mapping[str, float]
    verified: bool
    figures: Mapping[str, object]
    machine: Mapping[str, object]


class Grid(msgspec.Struct, frozen=True):
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def publish(report: Report, grids: Sequence[Grid]) -> None:
    """Prints both and, if the work was wrong, exits with 1."""
    for grid in grids:
        console().print(_table(grid))
    click.echo(_ENCODER.encode(report))
    sys.stdout.flush()
    if not report.verified:
        raise click.exceptions.Exit(1)


def progress(text: str) -> None:
    """For whoever waits; standard output stays what it promises to be."""
    click.echo(f"bench: {text}", err=True)


def _table(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", title_style="bold", box=None)
    for number, name in enumerate(grid.columns):
        table.add_column(name, justify="left" if number == 0 else "right")
    for row in grid.rows:
        table.add_row(*map(_shown, row))
    return table


def _shown(value: Cell) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else value
