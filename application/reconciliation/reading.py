"""What a source said, in our units, before anything of it is kept."""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from domain.assets.catalog import Catalog
from domain.reconciliation.sides import Line
from domain.reconciliation.source import Source
from domain.shared.errors import RuleViolation
from domain.shared.money import AssetCode, check_limit, split_plain_number


class StatementUnreadable(RuleViolation):
    """Nothing of it was kept; the detail says where the trouble is."""

    code = "statement_unreadable"


class StatementIncomplete(RuleViolation):
    """The source did not show everything. Nothing was kept; ask again, or for a shorter period."""

    code = "statement_incomplete"


class StatementRead(msgspec.Struct, frozen=True, kw_only=True):
    """`opening` and `closing` are None where the source does not tell them.

    `may_repeat`: a list read with an overlap shows lines again, while a file that does so has a
    duplicate. `quotes`: the source's other name of a line, by its reference. `assets`: what it is
    about, None for all there is on the account. `pending_units`: not finished at the source.
    """

    source: Source
    since: datetime
    until: datetime
    list_from: datetime
    digest: bytes
    lines: tuple[Line, ...]
    may_repeat: bool
    opening: Mapping[AssetCode, int] | None
    closing: Mapping[AssetCode, int] | None
    assets: AbstractSet[AssetCode] | None = None
    quotes: Mapping[str, str] = {}
    pending: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    pending_units: Mapping[AssetCode, int] = {}


def exact(text: str, asset: str, catalog: Catalog, *, where: str) -> int:
    """Units of decimal text; zeros beyond the scale are dropped, anything else there is refused.

    Raises `StatementUnreadable`, `AssetUnknown` or `AmountInvalid`.
    """
    scale = catalog.asset(asset).scale
    sign, whole, decimals = split_plain_number(text)
    if decimals[scale:].strip("0"):
        raise StatementUnreadable(f"{where}: {text} {asset} is finer than {scale} decimals")
    units = check_limit(int(whole + decimals[:scale].ljust(scale, "0")))
    return -units if sign else units


def digest_of(source: str, rows: Sequence[object]) -> bytes:
    return hashlib.sha256(msgspec.json.encode([source, rows])).digest()
