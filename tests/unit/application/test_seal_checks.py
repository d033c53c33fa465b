from pathlib import Path
from types import ModuleType

import pytest

from application.ledger import seal_walk, verify_seals
from domain.ledger import seal_chain

RUNBOOK = Path(__file__).parents[3] / "docs/runbooks/ledger-seal-failed.md"
MODULES = (seal_chain, seal_walk, verify_seals)


def checks(module: ModuleType) -> list[str]:
    return [
        value
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_runbook_explains_every_check(module: ModuleType) -> None:
    found = checks(module)
    assert len(found) >= 2
    assert [check for check in found if f"`{check}`" not in RUNBOOK.read_text()] == []
