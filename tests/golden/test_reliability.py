"""The page that lists crash points lists those there are. `UPDATE_GOLDEN=1` rewrites the table."""

import os
from pathlib import Path
from typing import Final

from application import crash_points

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN: Final = "<!-- crash points: generated -->\n"
END: Final = "<!-- end of crash points -->\n"


def test_page_lists_every_crash_point_with_its_meaning() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    assert after, "the page has lost its marks"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        kept = table()
        PAGE.write_text(before + BEGIN + kept + END + after, encoding="utf-8")
    assert kept == table(), "docs/reliability.md differs: look, then UPDATE_GOLDEN=1"


def table() -> str:
    rows = [f"| `{name}` | {meaning} |\n" for name, meaning in crash_points.MEANINGS.items()]
    return "".join(("\n| point | a process that ends here |\n|---|---|\n", *rows, "\n"))
