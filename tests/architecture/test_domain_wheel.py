"""The domain as partners get it: built, installed beside msgspec alone, and used by an example."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest

from tests.architecture.sources import ROOT

# Of the domain; what reads proofs needs no more than a key.
EXAMPLES = [
    path
    for path in sorted((ROOT / "docs" / "examples").glob("*.py"))
    if "aksum_domain" in path.read_text()
]
BUILD_SECONDS_MAX = 120
EXAMPLE_SECONDS_MAX = 30

# Isolated (-I) and without site-packages (-S): what is not put on the path by hand is not there.
RUN_ALONE = """
import runpy, sys
sys.path[:0] = [sys.argv.pop(1)]
script = sys.argv.pop(1)
runpy.run_path(script, run_name="__main__")
beyond = {name.split(".")[0] for name in sys.modules} - {*sys.stdlib_module_names}
print("imported:", *sorted(name for name in beyond if not name.startswith("_")), file=sys.stderr)
"""


def run(*command: str, seconds_max: int) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds_max, check=False)
    assert done.returncode == 0, f"{' '.join(command[:6])}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without isolation, and so without a network: the build backend is a locked one."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    run(*build, str(ROOT / "domain"), seconds_max=BUILD_SECONDS_MAX)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds aksum_domain and msgspec, and nothing else."""
    folder = tmp_path_factory.mktemp("target")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    flags = ["--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    run(*pip, *flags, str(wheel), seconds_max=BUILD_SECONDS_MAX)
    (folder / "msgspec").symlink_to(Path(msgspec.__file__).parent, target_is_directory=True)
    return folder


def test_wheel_holds_one_typed_package_that_needs_msgspec_only(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:")]
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"aksum_domain"}
    assert {"aksum_domain/py.typed", "aksum_domain/LICENSE"} <= set(names)
    assert len(required) == 1
    assert required[0].startswith("Requires-Dist: msgspec")


def test_wheel_holds_every_module_of_the_domain(wheel: Path) -> None:
    here = {
        path.relative_to(ROOT / "domain").as_posix() for path in (ROOT / "domain").rglob("*.py")
    }
    with ZipFile(wheel) as archive:
        there = {
            name.removeprefix("aksum_domain/")
            for name in archive.namelist()
            if name.endswith(".py")
        }
    assert there == here


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs_with_the_wheel_and_msgspec_alone(example: Path, target: Path) -> None:
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", RUN_ALONE]
    done = run(*command, str(target), str(example), seconds_max=EXAMPLE_SECONDS_MAX)
    imported = done.stderr.rsplit("imported:", 1)[-1].split()
    assert done.stdout.strip(), "an example shows something"
    assert set(imported) <= {"aksum_domain", "msgspec"}
    assert "aksum_domain" in imported
