"""Every crash point is somewhere in the code, guarded so that it costs nothing while off."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from application import crash_points
from tests.architecture.sources import python_files, tree_of

ITSELF: Final = Path("application/crash_points.py")
REACHING: Final = {"reach", "reach_in_thread"}
NAMES: Final = {
    value: name
    for name, value in vars(crash_points).items()
    if isinstance(value, str) and value in crash_points.MEANINGS
}
TOPS: Final = ("domain", "application", "adapters", "entrypoints", "migrations")


def reached() -> Iterator[tuple[str, bool]]:
    """The constant's name at each place where a point is reached, and whether it is guarded."""
    for path in python_files(*TOPS):
        if path == ITSELF:
            continue
        tree = tree_of(path)
        guarded = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and is_armed(node.test)
            for statement in node.body
            for inner in ast.walk(statement)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and is_reach(node.func):
                (point,) = node.args
                assert isinstance(point, ast.Attribute), f"{path}:{node.lineno}"
                yield point.attr, id(node) in guarded


def is_armed(test: ast.expr) -> bool:
    return ast.unparse(test) == "crash_points.armed"


def is_reach(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in REACHING
        and (ast.unparse(function.value) == "crash_points")
    )


def test_every_point_is_reached_somewhere_and_every_place_is_known() -> None:
    places = Counter(name for name, _ in reached())
    assert set(places) == set(NAMES.values())
    assert len(crash_points.ALL) >= 40


def test_no_call_is_made_while_nothing_is_armed() -> None:
    unguarded = [name for name, guarded in reached() if not guarded]
    assert not unguarded, unguarded


def test_meanings_are_one_line_each() -> None:
    assert all(meaning and "\n" not in meaning for meaning in crash_points.MEANINGS.values())
    assert len(NAMES) == len(crash_points.ALL)
