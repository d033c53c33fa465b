"""Begins the adapter of another vendor, from the one that is most like it.

    ./dev new-lp NAME --like busha

Copies that adapter, its simulator and the tests that need no payloads of the vendor, under the new
name, and registers both. What only the vendor can say is taken out: codes and statuses mean
nothing, absence is not proven, and the questions of `facts.py` are open. So the contract is red
where a fact is missing, and green where the machinery works.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from entrypoints.simulator.dialects import DIALECTS

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,29}")
ADAPTER, SIMULATOR, TESTS = (
    Path("adapters/liquidity"),
    Path("entrypoints/simulator"),
    Path("tests/liquidity"),
)
TESTS_COPIED: Final = ("lab.py", "test_contract.py", "test_faults.py")
REGISTRY: Final = Path("entrypoints/wiring/registry.py")
DIALECTS_FILE: Final = SIMULATOR / "dialects.py"
# A table of what the vendor's words mean; nobody has told us what those of the new one do.
TABLE: Final = re.compile(
    r"^((?:MEANINGS|KINDS): Final[^=\n]*)= \{\n.*?^\}\n", re.MULTILINE | re.DOTALL
)
HOST: Final = re.compile(r'"https://[a-z0-9.]+"')
UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FACTS: Final = '''"""What {title} says of itself: all of it, before real money."""

from typing import Final

import pytest

from tests.liquidity.facts import QUESTIONS, Answer

ANSWERS: Final[dict[str, Answer]] = {{}}


@pytest.mark.parametrize("question", QUESTIONS)
def test_question_is_answered_by_the_vendor(question: str) -> None:
    answer = ANSWERS.get(question)
    assert answer is not None, QUESTIONS[question]
    assert answer.says
    assert answer.source
'''


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="./dev new-lp", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", help="of the package and the dialect: acme, acme_otc")
    parser.add_argument("--like", choices=sorted(DIALECTS), default="busha")
    given = parser.parse_args()
    try:
        made = begin(ROOT, given.name, like=given.like)
    except ValueError as error:
        parser.error(str(error))
    for path in made:
        print(path.relative_to(ROOT))
    print("\nNow: docs/adding/a-liquidity-provider.md, and")
    print(f"  ./dev test {TESTS / given.name}")


def begin(root: Path, name: str, *, like: str) -> list[Path]:
    """The files that were made or changed, below `root`.

    Raises `ValueError`, having changed nothing, for a name that cannot be or is taken.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"not a name of a package: {name!r}")
    for folder in (ADAPTER, SIMULATOR, TESTS):
        if (root / folder / name).exists():
            raise ValueError(f"{folder / name} is there already")
    made = [*_copied(root, name, like), _facts(root, name)]
    _register(root / REGISTRY, name, like)
    _register(root / DIALECTS_FILE, name, like)
    made += [root / REGISTRY, root / DIALECTS_FILE]
    _tidy(root, made)
    return made


def title_of(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def renamed(text: str, name: str, *, like: str) -> str:
    """Every word that names the other vendor, in whichever form; and no id of its own."""
    first = like.partition("_")[0]
    words = {
        like: name,
        like.replace("_", " ").title(): title_of(name),
        title_of(like): title_of(name),
        first.upper(): title_of(name),
        first.capitalize(): title_of(name),
        first: name,
    }
    for theirs, ours in words.items():
        text = re.sub(rf"{re.escape(theirs)}(?![a-z])", ours, text)
    return text


def _copied(root: Path, name: str, like: str) -> Iterator[Path]:
    for folder, patterns in (
        (ADAPTER, ("*.py",)),
        (SIMULATOR, ("*.py",)),
        (TESTS, TESTS_COPIED),
    ):
        target = root / folder / name
        target.mkdir()
        for source in sorted(
            path for pattern in patterns for path in (root / folder / like).glob(pattern)
        ):
            text = source.read_text(encoding="utf-8")
            text = UUID_TEXT.sub(lambda _: str(uuid4()), text)
            text = HOST.sub(f'"https://{name.replace("_", "-")}.invalid"', text)
            text = renamed(text, name, like=like)
            if folder == ADAPTER:
                text = TABLE.sub(r"\1= {}\n", text)
                text = text.replace("proves_absence=True", "proves_absence=False")
            made = target / source.name
            made.write_text(text, encoding="utf-8")
            yield made


def _facts(root: Path, name: str) -> Path:
    made = root / TESTS / name / "test_facts.py"
    made.write_text(FACTS.format(title=title_of(name)), encoding="utf-8")
    return made


def _register(file: Path, name: str, like: str) -> None:
    """After the other one, wherever it is named: its import, and its row."""
    text = file.read_text(encoding="utf-8")
    rows = re.compile(
        rf"^(?:from \S+\.{like} import .*\n|    {like}\.PLUGIN,\n|"
        rf'    "{like}": DialectSpec\(\n(?:        .*\n)*    \),\n)',
        re.MULTILINE,
    )
    found = len(rows.findall(text))
    if found != 2:
        raise ValueError(f"{file.name} names {like} {found} times, not twice")
    text = rows.sub(lambda row: row[0] + renamed(row[0], name, like=like), text)
    file.write_text(text, encoding="utf-8")


def _tidy(root: Path, made: list[Path]) -> None:
    """Other names stand in another order, and may take more room."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        raise ValueError("ruff is missing: run ./dev check once")
    for arguments in (
        ("check", "--quiet", "--fix-only", "--select", "I,F401"),
        ("format", "--quiet"),
    ):
        subprocess.run([ruff, *arguments, *map(str, made)], cwd=root, check=True)


if __name__ == "__main__":
    main()
