"""Lists page by page. A cursor says where the last page ended, and which list that was of."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from domain.shared.ids import TenantId
from entrypoints.http.problems import invalid
from entrypoints.http.schemas.values import Page, Query

T = TypeVar("T")
V = TypeVar("V")

LIMIT: Final = 25
LIMIT_MAX: Final = 100
_DIGEST_BYTES: Final = 8
_POSITION_BYTES_MAX: Final = 16


class PageQuery(Query, frozen=True, kw_only=True):
    limit: Annotated[
        int, Meta(description=f"At most {LIMIT_MAX}; what lies outside is set to the nearest.")
    ] = LIMIT
    cursor: Annotated[str, Meta(max_length=64)] | None = None


class Paging:
    """Of one request. `position` is where the caller's last page ended, None at the start.

    Raises `ApiError` for a cursor of another list, of other filters or of another tenant.
    """

    def __init__(self, name: str, tenant_id: TenantId, query: PageQuery) -> None:
        self.limit = min(max(query.limit, 1), LIMIT_MAX)
        filters = msgspec.structs.replace(query, limit=LIMIT, cursor=None)
        self._list = name.encode() + tenant_id.bytes + msgspec.json.encode(filters)
        self.position = None if query.cursor is None else self._read(query.cursor)

    @property
    def rows(self) -> int:
        """How many to ask for: one more than is shown tells whether there are more."""
        return self.limit + 1

    def page(
        self, rows: Sequence[T], *, position: Callable[[T], int], show: Callable[[T], V]
    ) -> Page[V]:
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(
            data=[show(row) for row in shown],
            next_cursor=self._write(position(shown[-1])) if more else None,
            has_more=more,
        )

    def _write(self, position: int) -> str:
        number = position.to_bytes(_POSITION_BYTES_MAX, "big").lstrip(b"\0")
        return base64.urlsafe_b64encode(self._digest(number) + number).decode().rstrip("=")

    def _read(self, cursor: str) -> int:
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        except ValueError:
            raw = b""
        digest, number = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if digest != self._digest(number) or len(number) > _POSITION_BYTES_MAX:
            raise invalid("the cursor belongs to another list or filter", parameter="cursor")
        return int.from_bytes(number, "big")

    def _digest(self, number: bytes) -> bytes:
        """Against mistakes, not attacks: a cursor opens nothing its caller may not see anyway."""
        return hashlib.blake2b(number + self._list, digest_size=_DIGEST_BYTES).digest()
