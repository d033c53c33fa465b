import os
import stat
from pathlib import Path

import pytest

from entrypoints.cli.sandbox.files import ProviderRow, SandboxFiles, replace_file
from entrypoints.cli.sandbox.providers import provider_rows
from entrypoints.wiring.errors import StartRefused
from entrypoints.wiring.registry import read_lps


def test_secret_files_are_ours_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    path.write_text("{}")
    path.chmod(0o644)
    replace_file(path, {"a": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["sandbox.json"]


def test_failed_replacement_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    path.write_text("{}")
    with pytest.raises(TypeError):
        replace_file(path, object())
    assert path.read_text() == "{}"
    assert [each.name for each in tmp_path.iterdir()] == ["sandbox.json"]


def test_second_sandbox_in_one_directory_is_refused(tmp_path: Path) -> None:
    lock = SandboxFiles(tmp_path).prepare()
    with pytest.raises(StartRefused, match="another sandbox"):
        SandboxFiles(tmp_path).prepare()
    os.close(lock)
    os.close(SandboxFiles(tmp_path).prepare())


def test_damaged_sandbox_file_is_named(tmp_path: Path) -> None:
    files = SandboxFiles(tmp_path)
    files.sandbox.write_text("{")
    with pytest.raises(StartRefused, match=r"sandbox\.json is damaged"):
        files.read_sandbox()


def test_providers_keep_credentials_and_ports_and_differ_from_each_other(tmp_path: Path) -> None:
    files = SandboxFiles(tmp_path)
    first = provider_rows(files, margin_seconds=5, rate_limits=True)
    assert provider_rows(files, margin_seconds=5, rate_limits=True) == first
    assert len({row.api_secret for row in first}) == len({row.url for row in first}) == len(first)
    assert stat.S_IMODE(files.liquidity.stat().st_mode) == 0o600
    # What is written there is what a process reads.
    assert [entry.listed.name for entry in read_lps(files.liquidity)] == [row.name for row in first]
    assert isinstance(first[0], ProviderRow)
