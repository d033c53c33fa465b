"""The page for partners lists every fault as the catalogue has it."""

from importlib import import_module

import pytest

from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.fault_catalog import CATALOG, OF_OTHER_DIALECTS
from entrypoints.simulator.faults import FaultSpec, Stage
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "simulator.md"


def row(spec: FaultSpec) -> str:
    strikes = ", ".join(stage for stage in Stage if stage in spec.stages)
    params = " ".join(f"`{name}={value}`" for name, value in spec.params.items())
    return f"| `{spec.name}` | {strikes} | {params} | {spec.says} |"


def test_every_fault_is_on_the_page_as_it_is() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    shown = [name for spec in DIALECTS.values() for name in spec.faults]
    assert [name for name in shown if row(CATALOG[name]) not in lines] == []
    assert not OF_OTHER_DIALECTS & set(shown)


def test_page_tells_which_vendor_shows_which_fault() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    dialects = sorted(DIALECTS)
    head = "| fault | " + " | ".join(f"`{each}`" for each in dialects) + " |"
    rows = [
        f"| `{name}` | "
        + " | ".join("yes" if name in DIALECTS[each].faults else "" for each in dialects)
        + " |"
        for name in CATALOG
    ]
    begin = lines.index(head)
    assert lines[begin + 2 : begin + 2 + len(rows)] == rows


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_code_is_on_the_page(dialect: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    errors = import_module(f"entrypoints.simulator.{dialect}.errors")
    specs = [spec for spec in vars(errors).values() if isinstance(spec, errors.ErrorSpec)]
    assert specs
    assert [spec.code for spec in specs if f"`{spec.code}`" not in text] == []
