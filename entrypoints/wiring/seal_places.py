"""Where the keys of seals and their anchor are."""

from pathlib import Path
from typing import Final

import msgspec

from adapters.postgres.embedded_url import embedded_root
from adapters.system.file_signer import make_key
from entrypoints.wiring.settings import POSTGRES_FOLDER, Settings

KEY_FILE: Final = "seal-key.pem"
KEYS_FOLDER: Final = "seal-keys"
ANCHOR_FOLDER: Final = "seal-anchor"


class SealPlaces(msgspec.Struct, frozen=True):
    key: Path
    trusted: Path
    anchor: Path


def seal_places(settings: Settings) -> SealPlaces:
    base = data_dir(settings)
    return SealPlaces(
        key=settings.seal_key or base / KEY_FILE,
        trusted=settings.seal_trusted_keys or base / KEYS_FOLDER,
        anchor=settings.seal_anchor or base / ANCHOR_FOLDER,
    )


def new_seal_key(settings: Settings) -> str:
    """The id of a new key, which takes the place of the one before."""
    places = seal_places(settings)
    return make_key(places.key, places.trusted)


def data_dir(settings: Settings) -> Path:
    """A command that was given a sandbox's URL finds that sandbox's files, wherever it is run."""
    for url in settings.database_urls.values():
        root = embedded_root(url)
        if root is not None and root.name == POSTGRES_FOLDER:
            return root.parent
    return settings.data_dir
