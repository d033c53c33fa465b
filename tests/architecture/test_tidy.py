"""The rules of docs/style.md that no linter knows. Each test lists every offender at once."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import (
    CODE,
    PRODUCT,
    python_files,
    text_of,
    tracked_files,
    tree_of,
)

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
FLOAT_FREE = ("domain", "application", "adapters", "entrypoints/http/schemas")
# Written in two halves, or this file would find itself.
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|XX" + r"X\b|NotImplemented" + "Error")
SKIPPED = re.compile(r"pytest\.(mark\.)?(skip|xfail)|import" + "orskip")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_below(path: Path, folders: tuple[str, ...]) -> bool:
    return path.as_posix().startswith(tuple(f"{folder}/" for folder in folders))


def test_functions_fit_on_one_screen() -> None:
    long = [
        f"{path}:{node.lineno} {node.name} has {lines} lines"
        for path in python_files(*CODE)
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_files_have_one_job() -> None:
    long = [
        f"{path} has {lines} lines"
        for path in python_files(*CODE)
        if (lines := text_of(path).count("\n")) > FILE_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_no_float_where_money_passes() -> None:
    """Neither the type, nor a literal, nor a quoted annotation."""
    found = [
        f"{path}:{node.lineno}"
        for path in python_files(*PRODUCT)
        if is_below(path, FLOAT_FREE)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
        or (isinstance(node, ast.Constant) and node.value == "float")
    ]
    assert not found, "\n".join(found)


def test_domain_reaches_itself_by_relative_imports_only() -> None:
    """It ships under another name, so `import domain` would break it there, and only there."""
    absolute = [f"{path}:{line}" for path, line, name in imports_of("domain") if name == "domain"]
    assert not absolute, "\n".join(absolute)


def test_domain_imports_nothing_but_msgspec_and_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec"}
    foreign = [
        f"{path}:{line} {name}" for path, line, name in imports_of("domain") if name not in allowed
    ]
    assert not foreign, "\n".join(foreign)


def imports_of(top: str) -> Iterator[tuple[Path, int, str]]:
    """(file, line, top-level name) of every absolute import."""
    for path in python_files(top):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                yield from ((path, node.lineno, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield path, node.lineno, node.module.split(".")[0]


def test_domain_asks_no_clock_and_draws_no_ids() -> None:
    """Time and ids are arguments, or replay would give another answer than the first run."""
    drawn = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7"}
    asked = [
        f"{path}:{node.lineno} {node.func.attr}()"
        for path in python_files("domain")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in drawn
    ]
    assert not asked, "\n".join(asked)


def test_no_import_is_hidden_from_run_time() -> None:
    hidden = [
        f"{path}:{node.lineno}"
        for path in python_files(*CODE)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
        or (isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING")
    ]
    assert not hidden, "\n".join(hidden)


@pytest.mark.parametrize(
    ("pattern", "tops"),
    [(UNFINISHED, CODE), (SKIPPED, ("tests",))],
    ids=["unfinished", "skipped"],
)
def test_nothing_is_left_for_later(pattern: re.Pattern[str], tops: tuple[str, ...]) -> None:
    found = [
        f"{path}:{number} {line.strip()}"
        for path in python_files(*tops)
        if path != Path(__file__).relative_to(Path(__file__).parents[2])
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_every_error_code_names_one_error() -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for path in python_files("domain", "application"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef) and (code := error_code(node)) is not None:
                owners[code].append(f"{path}:{node.lineno} {node.name}")
    shared = {code: classes for code, classes in owners.items() if len(classes) > 1}
    assert owners, "no error code found: has the attribute been renamed?"
    assert not shared, shared


def error_code(node: ast.ClassDef) -> str | None:
    """The text assigned to `code` in the body of a class, annotated or not."""
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code)))
                | ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code)))
            ):
                return code
    return None


def test_no_folder_before_its_first_real_file() -> None:
    """A package of nothing but `__init__.py` files is a plan, not code."""
    packages = {path.parent for path in python_files(*PRODUCT) if len(path.parts) > 2}
    real = [
        path
        for path in tracked_files()
        if path.suffix in {".py", ".sql", ".json", ".toml", ".html"} and path.name != "__init__.py"
    ]
    empty = [
        str(folder) for folder in packages if not any(path.is_relative_to(folder) for path in real)
    ]
    assert not empty, "\n".join(sorted(empty))
