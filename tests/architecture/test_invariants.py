"""The page of invariants names tests that exist, each invariant by its own number."""

import ast
import re
from pathlib import Path
from typing import Final

from tests.architecture.sources import tree_of

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "ledger" / "invariants.md"
NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW: Final = re.compile(r"^\| (I\d+) \| [^|]+ \| `(tests/[\w/]+\.py)::(\w+)` \|$", re.MULTILINE)
NUMBERED: Final = re.compile(r"test_(i\d+)_")
BOOK: Final = "tests/integration/test_ledger_invariants.py"
INVARIANTS: Final = [f"I{number}" for number in range(1, 13)]


def test_every_test_that_the_page_names_exists() -> None:
    found = NAMED.findall(PAGE.read_text())
    assert found, "no test is named: has the form of the page changed?"
    missing = [
        f"{path}::{name}" for path, name in found if name not in names_in(tree_of(Path(path)))
    ]
    assert not missing, "\n".join(missing)


def test_every_invariant_is_shown_by_a_test() -> None:
    shown = [number for number, _, _ in ROW.findall(PAGE.read_text())]
    assert list(dict.fromkeys(shown)) == INVARIANTS


def test_numbers_in_names_are_those_of_the_page() -> None:
    """A test that bears a number is on the page under it, or shares it with one that is."""
    named = {(number, name) for number, path, name in ROW.findall(PAGE.read_text()) if path == BOOK}
    wrong = {
        name
        for number, name in named
        if (match := NUMBERED.match(name)) is None or match[1].upper() != number
    }
    assert not wrong
    numbered = {
        match[1].upper()
        for name in names_in(tree_of(Path(BOOK)))
        if (match := NUMBERED.match(name))
    }
    assert numbered == {number for number, _ in named}


def names_in(tree: ast.Module) -> set[str]:
    """Functions, classes, and what is assigned at the top, as Hypothesis machines are."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
    return names
