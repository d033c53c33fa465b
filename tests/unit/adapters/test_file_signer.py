"""Keys in files: who may read them, which are trusted, and what is said when there is none."""

from pathlib import Path

import pytest

from adapters.system.file_signer import FileSigner, FileTrustedKeys, make_key
from application.ports.signing import SignerUnavailable

MESSAGE = b"the hash of a block"


class Places:
    def __init__(self, root: Path) -> None:
        self.key, self.trusted = root / "private" / "key.pem", root / "trusted"

    @property
    def signer(self) -> FileSigner:
        return FileSigner(self.key, self.trusted)

    @property
    def keys(self) -> FileTrustedKeys:
        return FileTrustedKeys(self.trusted)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_private_key_is_for_its_owner_alone(places: Places) -> None:
    make_key(places.key, places.trusted)
    make_key(places.key, places.trusted)
    assert places.key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in places.key.parent.iterdir()] == ["key.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
async def test_key_that_others_may_read_is_not_used(places: Places, mode: int) -> None:
    make_key(places.key, places.trusted)
    places.key.chmod(mode)
    with pytest.raises(SignerUnavailable, match="0600"):
        await places.signer.sign(MESSAGE)


async def test_missing_key_is_made_only_where_that_is_wanted(places: Places) -> None:
    with pytest.raises(SignerUnavailable, match="--new-key"):
        await places.signer.sign(MESSAGE)
    signer = FileSigner(places.key, places.trusted, make_missing=True)
    first, second = await signer.sign(MESSAGE), await signer.sign(MESSAGE)
    assert first == second
    assert await places.keys.known() == {first.key_id}


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
async def test_what_is_no_key_is_named(places: Places, content: str) -> None:
    make_key(places.key, places.trusted)
    places.key.write_text(content)
    with pytest.raises(SignerUnavailable, match=r"key\.pem"):
        await places.signer.sign(MESSAGE)
    (places.trusted / "other.pem").write_text(content)
    with pytest.raises(SignerUnavailable, match=r"other\.pem"):
        await places.keys.known()


async def test_no_folder_means_no_keys(places: Places) -> None:
    assert await places.keys.known() == frozenset()
