"""Keys in memory and in files keep one contract."""

from pathlib import Path

import pytest
from typing_extensions import override

from adapters.memory.signing import MemoryKeys
from adapters.system.file_signer import FileSigner, FileTrustedKeys, make_key
from tests.contract.signing_contract import Keys, SigningContract


class InMemory(Keys):
    def __init__(self) -> None:
        self.signer = self.trusted = self._keys = MemoryKeys()

    @override
    def make(self) -> str:
        return self._keys.make_key()

    @override
    def lose(self) -> None:
        self._keys.lose_key()


class InFiles(Keys):
    def __init__(self, root: Path) -> None:
        self._key, self._trusted = root / "key.pem", root / "trusted"
        self.signer = FileSigner(self._key, self._trusted)
        self.trusted = FileTrustedKeys(self._trusted)

    @override
    def make(self) -> str:
        return make_key(self._key, self._trusted)

    @override
    def lose(self) -> None:
        self._key.unlink()


class TestInMemory(SigningContract):
    @pytest.fixture
    def keys(self) -> Keys:
        return InMemory()

    @pytest.fixture
    def strangers(self) -> Keys:
        return InMemory()


class TestInFiles(SigningContract):
    @pytest.fixture
    def keys(self, tmp_path: Path) -> Keys:
        return InFiles(tmp_path / "ours")

    @pytest.fixture
    def strangers(self, tmp_path: Path) -> Keys:
        return InFiles(tmp_path / "theirs")
