import re
from enum import StrEnum
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.money import SCALE_MAX, AssetCode

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{1,11}")


class AssetInvalid(RuleViolation):
    code = "asset_invalid"


class AssetKind(StrEnum):
    CRYPTO = "crypto"
    FIAT = "fiat"


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """`scale` is the number of decimals and never changes: stored units would change meaning.

    Raises `AssetInvalid`.
    """

    code: AssetCode
    scale: int
    kind: AssetKind
    name: str

    def __post_init__(self) -> None:
        if _CODE.fullmatch(self.code) is None:
            raise AssetInvalid("malformed asset code", asset=self.code)
        if not 0 <= self.scale <= SCALE_MAX:
            raise AssetInvalid("scale is out of range", asset=self.code, scale=self.scale)
