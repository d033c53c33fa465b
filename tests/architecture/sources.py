"""The project's own files, as git knows them, and their syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("domain", "application", "adapters", "entrypoints")
CODE = (*PRODUCT, "migrations", "tests", "docs")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Committed files and new ones that no ignore rule hides, relative to the root, sorted."""
    if not (ROOT / ".git").exists():  # an image or an unpacked archive
        found = (path for top in CODE for path in (ROOT / top).rglob("*") if path.is_file())
        return tuple(
            sorted(path.relative_to(ROOT) for path in found if "__pycache__" not in str(path))
        )
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (Path(name) for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


def python_files(*tops: str) -> Iterator[Path]:
    """Python files below the given top-level folders, relative to the root."""
    return (path for path in tracked_files() if path.suffix == ".py" and path.parts[0] in tops)


def text_of(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path), filename=str(path))
