"""Boxes of both kinds keep secrets, and the one in a file says what is wrong with its file."""

import os
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.memory.secret_box import MemorySecretBox
from adapters.system.secret_box import KEY_BYTES, FileSecretBox
from adapters.webhooks.keys import BoxedWebhookKeys
from application.ports.webhooks import SecretBox, SecretBoxUnavailable
from domain.shared.ids import TenantId, WebhookEndpointId
from domain.webhooks.signing import signed_content

SECRET = b"a secret of 64 bytes, more or less" * 2
CONTEXT = b"where it belongs"
AT = datetime(2026, 1, 5, tzinfo=UTC)
TENANT, OTHER_TENANT = TenantId(UUID(int=1)), TenantId(UUID(int=2))
ENDPOINT, OTHER_ENDPOINT = WebhookEndpointId(UUID(int=3)), WebhookEndpointId(UUID(int=4))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "keys"


@pytest.fixture(params=["memory", "file"])
def box(request: pytest.FixtureRequest, path: Path) -> SecretBox:
    if request.param == "memory":
        return MemorySecretBox()
    return FileSecretBox(path, make_missing=True)


def line() -> str:
    return b64encode(os.urandom(KEY_BYTES)).decode()


def write(path: Path, *lines: str, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines))
    path.chmod(mode)


def found_beside(path: Path) -> dict[str, int]:
    """Names and permissions of all there is."""
    return {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}


async def test_what_was_closed_is_opened_again(box: SecretBox) -> None:
    boxed = await box.close(SECRET, context=CONTEXT)
    assert await box.open(boxed, context=CONTEXT) == SECRET
    assert SECRET not in boxed
    assert 64 <= len(boxed) <= 512


async def test_two_boxes_of_one_secret_are_not_alike(box: SecretBox) -> None:
    first, second = [await box.close(SECRET, context=CONTEXT) for _ in range(2)]
    assert first != second


async def test_box_opens_only_where_it_belongs_and_as_it_was(box: SecretBox) -> None:
    boxed = await box.close(SECRET, context=CONTEXT)
    with pytest.raises(SecretBoxUnavailable):
        await box.open(boxed, context=b"elsewhere")
    for place in range(len(boxed)):
        changed = boxed[:place] + bytes([boxed[place] ^ 1]) + boxed[place + 1 :]
        with pytest.raises(SecretBoxUnavailable):
            await box.open(changed, context=CONTEXT)
    for cut in (b"", boxed[:20], boxed[:-1]):
        with pytest.raises(SecretBoxUnavailable):
            await box.open(cut, context=CONTEXT)


async def test_key_is_made_once_and_for_its_owner_alone(path: Path) -> None:
    first, second = (FileSecretBox(path, make_missing=True) for _ in range(2))
    boxed = await first.close(SECRET, context=CONTEXT)
    assert await second.open(boxed, context=CONTEXT) == SECRET
    assert found_beside(path) == {path.name: 0o600}


async def test_replaced_key_opens_what_it_closed_until_it_is_taken_away(path: Path) -> None:
    old, new = line(), line()
    write(path, old)
    box = FileSecretBox(path)
    first = await box.close(SECRET, context=CONTEXT)
    write(path, new, old)
    again = FileSecretBox(path)
    second = await again.close(SECRET, context=CONTEXT)
    assert await again.open(first, context=CONTEXT) == SECRET
    # A process that has not read the new line finds it when it meets a box that needs it.
    assert await box.open(second, context=CONTEXT) == SECRET
    write(path, new)
    with pytest.raises(SecretBoxUnavailable, match="lacks the key"):
        await FileSecretBox(path).open(first, context=CONTEXT)


@pytest.mark.parametrize(
    ("lines", "mode", "says"),
    [
        ((), 0o600, "holds no key"),
        (("nonsense!",), 0o600, "not 32 bytes"),
        ((b64encode(b"short").decode(),), 0o600, "not 32 bytes"),
        ((line(),), 0o640, "make it 0600"),
        ((line(),), 0o604, "make it 0600"),
    ],
)
async def test_unfit_file_says_what_is_wrong(
    path: Path, lines: tuple[str, ...], mode: int, says: str
) -> None:
    write(path, *lines, mode=mode)
    with pytest.raises(SecretBoxUnavailable, match=says):
        await FileSecretBox(path).close(SECRET, context=CONTEXT)


async def test_missing_file_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(SecretBoxUnavailable, match="openssl rand -base64 32"):
        await FileSecretBox(path).close(SECRET, context=CONTEXT)


async def test_keys_of_one_endpoint_sign_for_no_other(box: SecretBox) -> None:
    keys = BoxedWebhookKeys(box)
    made = (await keys.make(TENANT, ENDPOINT, number=1, at=AT)).keys
    content = signed_content("evt_1", 1, b"{}")
    kinds = [each.partition(",")[0] for each in await keys.sign(TENANT, ENDPOINT, [made], content)]
    assert kinds == ["v1", "v1a"]
    second = replace(made, number=2)
    for tenant_id, endpoint_id, foreign in (
        (OTHER_TENANT, ENDPOINT, made),
        (TENANT, OTHER_ENDPOINT, made),
        (TENANT, ENDPOINT, second),
    ):
        with pytest.raises(SecretBoxUnavailable):
            await keys.sign(tenant_id, endpoint_id, [foreign], content)
