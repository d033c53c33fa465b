"""The adapter of a sixth vendor begins as a package that works, with every fact open."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from entrypoints.simulator.dialects import DIALECTS
from tests.liquidity.facts import QUESTIONS, Answer, open_questions
from tests.liquidity.new_lp import DIALECTS_FILE, REGISTRY, ROOT, begin, renamed

TOUCHED: Final = (
    "adapters/liquidity",
    "entrypoints/simulator",
    "entrypoints/wiring",
    "tests/liquidity",
)
ALL: Final = ("adapters", "application", "domain", "entrypoints", "migrations", "tests")
NAME: Final = "acme_otc"
SIX_FILES: Final = {"plugin", "config", "client", "schemas", "transform", "errors"}
MODULES: Final = """
import importlib, pkgutil, sys
for name in ("adapters.liquidity.acme_otc", "entrypoints.simulator.acme_otc"):
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{name}.{module.name}")
from entrypoints.wiring.registry import LPS
from entrypoints.simulator.dialects import DIALECTS
plugin = next(each for each in LPS if each.dialect == "acme_otc")
assert "acme_otc" in DIALECTS
assert not plugin.capabilities.proves_absence
from adapters.liquidity.acme_otc.errors import MEANINGS
assert MEANINGS == {}
"""


def copied(folders: tuple[str, ...], target: Path) -> Path:
    for folder in folders:
        shutil.copytree(
            ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copied(TOUCHED, tmp_path)


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=checkout, capture_output=True, text=True, check=False
    )


def pytest_in(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(checkout, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize("like", sorted(DIALECTS))
def test_begun_adapter_is_whole_registered_and_without_a_word_of_the_other_vendor(
    checkout: Path, like: str
) -> None:
    made = begin(checkout, NAME, like=like)
    assert {path.stem for path in made} >= SIX_FILES
    own = [path for path in made if path.parent.name == NAME]
    for path in own:
        compile(path.read_text(), str(path), "exec")
    assert like not in "".join(path.read_text() for path in own)
    assert f"{NAME}.PLUGIN" in (checkout / REGISTRY).read_text()
    assert f'"{NAME}": DialectSpec(' in (checkout / DIALECTS_FILE).read_text()


@pytest.mark.slow
def test_begun_adapter_is_red_where_the_vendor_has_to_speak_and_green_where_it_quotes(
    tmp_path: Path,
) -> None:
    checkout = copied(ALL, tmp_path)
    begin(checkout, NAME, like="busha")
    imported = run(checkout, "-c", MODULES)
    assert imported.returncode == 0, imported.stderr
    tests = pytest_in(
        checkout, f"tests/liquidity/{NAME}", "-k", "quote_keeps or second_request or answered"
    )
    # All of a quote, and of an execution nothing: no status means anything yet.
    assert f"{len(QUESTIONS) + 1} failed, 4 passed" in tests.stdout


def test_name_that_is_taken_or_no_name_changes_nothing(checkout: Path) -> None:
    for name in ("busha", "Acme", "a", "../acme"):
        with pytest.raises(ValueError, match=r"there already|not a name"):
            begin(checkout, name, like="busha")
    assert (checkout / "entrypoints/wiring/registry.py").read_bytes() == (
        ROOT / "entrypoints/wiring/registry.py"
    ).read_bytes()


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("class BybitConvertSettings:", "class AcmeSettings:"),
        ("BybitGuard, BybitLab and bybit-sandbox", "AcmeGuard, AcmeLab and acme-sandbox"),
        ("Bybit Convert behind the port", "Acme behind the port"),
        (
            "from adapters.liquidity.bybit_convert import wire",
            "from adapters.liquidity.acme import wire",
        ),
    ],
)
def test_every_form_of_the_other_name_is_replaced(text: str, becomes: str) -> None:
    assert renamed(text, "acme", like="bybit_convert") == becomes


def test_question_is_open_until_it_has_an_answer_and_a_source() -> None:
    assert open_questions({}) == list(QUESTIONS.values())
    half = dict.fromkeys(QUESTIONS, Answer("yes", ""))
    assert open_questions(half) == list(QUESTIONS.values())
    assert open_questions(dict.fromkeys(QUESTIONS, Answer("yes", "page 7"))) == []
