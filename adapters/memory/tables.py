"""Committed rows, and one transaction's view of them: its own changes on top.

As under READ COMMITTED, a view shows what others committed in the meantime; a row is written only
under its lock, so what was read after locking it still holds.
"""

from collections.abc import Hashable, Iterable, Mapping
from datetime import timedelta
from typing import Generic, TypeVar

from adapters.memory.locks import RowName
from adapters.memory.session import LOCK_WAIT_MAX, Session
from domain.shared.errors import invariant
from domain.shared.ids import TenantId

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Table(Generic[K, V]):
    """Rows by tenant, then by key: no key reaches into another tenant."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rows: dict[TenantId, dict[K, V]] = {}

    @property
    def tenants(self) -> tuple[TenantId, ...]:
        return tuple(sorted(self._rows))

    def of(self, tenant_id: TenantId) -> Mapping[K, V]:
        return self._rows.get(tenant_id, {})

    def apply(self, tenant_id: TenantId, changes: Mapping[K, V | None]) -> None:
        """None deletes."""
        if not changes:
            return
        rows = self._rows.setdefault(tenant_id, {})
        for key, row in changes.items():
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row


class View(Generic[K, V]):
    def __init__(self, table: Table[K, V], session: Session) -> None:
        self._table = table
        self._session = session
        self._changes: dict[K, V | None] = {}
        session.enlist(self)

    def get(self, key: K) -> V | None:
        self._session.require_usable()
        if key in self._changes:
            return self._changes[key]
        return self._table.of(self._session.tenant_id).get(key)

    def values(self) -> Iterable[V]:
        return [row for _, row in self.items()]

    def items(self) -> Iterable[tuple[K, V]]:
        self._session.require_usable()
        rows: dict[K, V | None] = {
            **self._table.of(self._session.tenant_id),
            **self._changes,
        }
        return [(key, row) for key, row in rows.items() if row is not None]

    def keys(self) -> Iterable[K]:
        self._session.require_usable()
        keys = {**self._table.of(self._session.tenant_id), **self._changes}
        return [key for key in keys if self.get(key) is not None]

    async def lock(self, key: K, *, patience: timedelta = LOCK_WAIT_MAX) -> None:
        """Raises `Overloaded` when patience runs out."""
        await self._session.lock(self._name(key), patience=patience)

    async def try_lock(self, key: K) -> bool:
        return await self._session.try_lock(self._name(key))

    def unlock(self, key: K) -> None:
        invariant(key not in self._changes, "a changed row stays locked to the end")
        self._session.unlock(self._name(key))

    def put(self, key: K, row: V) -> None:
        """The row must be locked."""
        self._require_lock(key)
        self._changes[key] = row

    def delete(self, key: K) -> None:
        """The row must be locked."""
        self._require_lock(key)
        self._changes[key] = None

    def add(self, key: K, row: V) -> None:
        """A new row that nobody else can make just now: its id is fresh, or its parent locked."""
        invariant(self.get(key) is None, f"{self._table.name} has this row already")
        self._changes[key] = row

    def apply(self) -> None:
        self._table.apply(self._session.tenant_id, self._changes)

    def _name(self, key: K) -> RowName:
        return (self._table.name, self._session.tenant_id, key)

    def _require_lock(self, key: K) -> None:
        self._session.require_usable()
        invariant(self._session.holds(self._name(key)), f"{self._table.name}: row not locked")
