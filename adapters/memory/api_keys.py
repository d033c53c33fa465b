from collections.abc import Iterable

from adapters.memory.store import Rows
from application.errors import VersionConflict
from application.ports.parties import ApiKey, KeyStatus
from domain.shared.errors import Conflict, NotFound
from domain.shared.ids import ApiKeyId
from domain.tenants.operator import OperatorHasKey, is_same_name


class MemoryApiKeys:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, key: ApiKey) -> None:
        await self._rows.key_lookups.lock(key.lookup)
        if self._rows.key_lookups.get(key.lookup) is not None:
            raise Conflict("the public part of this key is taken", lookup=key.lookup)
        if key.operator_id is not None and any(_takes_its_place(each, key) for each in self._all()):
            raise OperatorHasKey("this person has a key: rotate it, or revoke it first")
        self._rows.key_lookups.put(key.lookup, key.id)
        self._rows.api_keys.add(key.id, key)

    async def find(self, lookup: str) -> ApiKey | None:
        key_id = self._rows.key_lookups.get(lookup)
        return None if key_id is None else self._rows.api_keys.get(key_id)

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        key = self._rows.api_keys.get(key_id)
        if key is None:
            raise NotFound("no such key")
        return key

    async def list(self) -> tuple[ApiKey, ...]:
        return tuple(sorted(self._all(), key=lambda key: key.id))

    def _all(self) -> Iterable[ApiKey]:
        return self._rows.api_keys.values()

    async def update(self, key: ApiKey) -> None:
        await self._rows.api_keys.lock(key.id)
        if (await self.get(key.id)).version != key.version - 1:
            raise VersionConflict("the key has changed")
        self._rows.api_keys.put(key.id, key)


def _takes_its_place(there: ApiKey, new: ApiKey) -> bool:
    if there.operator_id is None or there.status is not KeyStatus.ACTIVE:
        return False
    same = there.operator_id == new.operator_id or is_same_name(there.label, new.label)
    return same and there.expires_at is None and new.expires_at is None
