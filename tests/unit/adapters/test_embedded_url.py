"""A command that was given a sandbox's URL finds that sandbox's files."""

from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.postgres.embedded_url import LOCK, embedded_root
from entrypoints.wiring.seal_places import seal_places
from entrypoints.wiring.settings import read_settings


def url(host: str) -> str:
    return f"postgresql://aksum_ops@/aksum?host={quote(host, safe='')}"


@pytest.fixture
def socket_folder(tmp_path: Path) -> Path:
    """Of a server whose data directory is <tmp>/sandbox/postgres/cluster."""
    folder = tmp_path / "run"
    folder.mkdir()
    cluster = tmp_path / "sandbox" / "postgres" / "cluster"
    (folder / LOCK).write_text(f"4711\n{cluster}\n1764066000\n5432\n{folder}\n\n")
    return folder


def test_socket_of_an_embedded_server_leads_to_its_root(
    socket_folder: Path, tmp_path: Path
) -> None:
    assert embedded_root(url(str(socket_folder))) == tmp_path / "sandbox" / "postgres"


@pytest.mark.parametrize("content", ["", "4711\n", "4711\n/var/lib/postgresql/15/main\n"])
def test_lock_of_another_server_leads_nowhere(socket_folder: Path, content: str) -> None:
    (socket_folder / LOCK).write_text(content)
    assert embedded_root(url(str(socket_folder))) is None


@pytest.mark.parametrize(
    "elsewhere",
    ["postgresql://aksum_ops@db.example/aksum", "not a URL", url("/nowhere"), url("relative")],
)
def test_what_is_no_socket_of_ours_leads_nowhere(elsewhere: str) -> None:
    assert embedded_root(elsewhere) is None


def test_keys_and_anchor_are_those_of_the_sandbox_behind_the_url(
    socket_folder: Path, tmp_path: Path
) -> None:
    settings = read_settings({"AKSUM_DATABASE_URL": url(str(socket_folder))})
    places = seal_places(settings)
    assert places.key == tmp_path / "sandbox" / "seal-key.pem"
    assert places.trusted == tmp_path / "sandbox" / "seal-keys"
    assert places.anchor == tmp_path / "sandbox" / "seal-anchor"


def test_places_that_are_named_go_before_all_others(socket_folder: Path, tmp_path: Path) -> None:
    settings = read_settings(
        {
            "AKSUM_DATABASE_URL": url(str(socket_folder)),
            "AKSUM_DATA_DIR": str(tmp_path / "data"),
            "AKSUM_SEAL_KEY": "/run/secrets/key.pem",
            "AKSUM_SEAL_TRUSTED_KEYS": "/etc/aksum/keys",
            "AKSUM_SEAL_ANCHOR": "/mnt/worm",
        }
    )
    places = seal_places(settings)
    assert (str(places.key), str(places.trusted)) == ("/run/secrets/key.pem", "/etc/aksum/keys")
    assert str(places.anchor) == "/mnt/worm"


def test_without_any_of_this_they_are_in_the_data_directory() -> None:
    settings = read_settings({"AKSUM_DATABASE_URL": "postgresql://db.example/aksum"})
    assert seal_places(settings).anchor == Path(".aksum/seal-anchor")
