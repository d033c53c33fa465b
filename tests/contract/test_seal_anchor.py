"""An anchor in memory and one in files keep one contract."""

from pathlib import Path

import pytest

from adapters.memory.seal_anchor import MemorySealAnchor
from adapters.system.seal_anchor import FileSealAnchor
from application.ports.seals import SealAnchor
from tests.contract.seal_anchor_contract import SealAnchorContract


class TestInMemory(SealAnchorContract):
    @pytest.fixture
    def anchor(self) -> SealAnchor:
        return MemorySealAnchor()


class TestInFiles(SealAnchorContract):
    @pytest.fixture
    def anchor(self, tmp_path: Path) -> SealAnchor:
        return FileSealAnchor(tmp_path / "anchor")
