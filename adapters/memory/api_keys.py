import builtins

from adapters.memory.store import Rows
from application.errors import VersionConflict
from application.ports.parties import ApiKey
from domain.shared.errors import Conflict, NotFound
from domain.shared.ids import ApiKeyId


class MemoryApiKeys:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, key: ApiKey) -> None:
        await self._rows.key_lookups.lock(key.lookup)
        if self._rows.key_lookups.get(key.lookup) is not None:
            raise Conflict("the public part of this key is taken", lookup=key.lookup)
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

    # `list` is the port's name for it, and hides the type within this class.
    async def list(self) -> tuple[ApiKey, ...]:
        keys: builtins.list[ApiKey] = sorted(self._rows.api_keys.values(), key=lambda key: key.id)
        return tuple(keys)

    async def update(self, key: ApiKey) -> None:
        await self._rows.api_keys.lock(key.id)
        if (await self.get(key.id)).version != key.version - 1:
            raise VersionConflict("the key has changed")
        self._rows.api_keys.put(key.id, key)
