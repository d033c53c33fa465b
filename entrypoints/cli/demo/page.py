"""What the demo prints. A claim is printed only after it was found to be true."""

import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import Final

from rich.box import Box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

INDENT: Final = 3
WIDTH_MIN: Final = 80
WIDTH_MAX: Final = 96
WIDTH_WHEN_PIPED: Final = 88

# A line below the heads of columns and nothing else.
UNICODE_TABLE: Final = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
ASCII_TABLE: Final = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


class ClaimFailed(Exception):
    """What the demo was about to say is not so."""

    def __init__(self, claim: str, found: object) -> None:
        super().__init__(claim)
        self.claim = claim
        self.found = found


class Page:
    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that knows ASCII only
        self._console = Console(highlight=False, emoji=False)
        width = self._console.width if self._console.is_terminal else WIDTH_WHEN_PIPED
        self._console.width = min(max(width, WIDTH_MIN), WIDTH_MAX)
        self._unicode = self._console.encoding.lower().startswith("utf")
        self._at_blank = False
        self.claims = 0

    def chapter(self, title: str) -> None:
        self.space()
        line = "─" if self._unicode else "-"
        self._write(Rule(Text(title, style="bold"), align="left", style="dim", characters=line))
        self.space()

    def say(self, text: str) -> None:
        """Sentences, in rich's markup."""
        self._print(Text.from_markup(text))
        self.space()

    def call(self, method: str, path: str, status: int, note: str = "") -> None:
        """One exchange with the API, as somebody who tries it would see it."""
        said = (f"  -> {status}  {note}".rstrip(), "dim")
        self._print(Text.assemble((f"{method} {path}", "cyan"), said))

    def command(self, *words: str) -> None:
        self._print(Text.assemble(("$ ", "dim"), (" ".join(words), "cyan")))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Columns named `<…` hold text, all others amounts. `*` in front of a row makes it bold."""
        table = Table(
            box=UNICODE_TABLE if self._unicode else ASCII_TABLE,
            show_edge=False,
            show_header=any(name.strip("<") for name in columns),
            pad_edge=False,
            header_style="dim",
            border_style="dim",
        )
        for name in columns:
            is_text = name.startswith("<")
            table.add_column(
                name.removeprefix("<"), justify="left" if is_text else "right", no_wrap=True
            )
        for row in rows:
            cells = (row[0].removeprefix("*"), *row[1:])
            strong = row[0].startswith("*")
            table.add_row(*(Text(cell) for cell in cells), style="bold" if strong else None)
        self.space()
        self._print(table)
        self.space()

    def claim(self, text: str, true: bool, found: object = None) -> None:
        """Raises `ClaimFailed` unless it is true; `found` is what there was instead."""
        if not true:
            raise ClaimFailed(text, found)
        self.claims += 1
        hanging = Table.grid(padding=(0, 1))
        hanging.add_row(Text("✓" if self._unicode else "ok", style="green"), Text(text))
        self._print(hanging)

    def space(self) -> None:
        """One empty line, however many ask for it."""
        if not self._at_blank:
            self._console.print()
        self._at_blank = True

    def copyable(self, line: str) -> None:
        """A command as it is typed: never wrapped."""
        self._console.print(Text(" " * INDENT + line, style="cyan"), soft_wrap=True)
        self._at_blank = False

    def _print(self, what: RenderableType) -> None:
        self._write(Padding(what, (0, 0, 0, INDENT), expand=False))

    def _write(self, what: RenderableType) -> None:
        with self._console.capture() as capture:
            self._console.print(what)
        # Blanks at the ends of lines are nobody's pleasure when the output is copied.
        lines = capture.get().splitlines()
        self._console.file.write("".join(f"{line.rstrip()}\n" for line in lines))
        self._console.file.flush()
        self._at_blank = False
