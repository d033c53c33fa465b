from adapters.memory.store import Store
from domain.shared.ids import TenantId


class MemoryAccessDirectory:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def tenant_of_key(self, lookup: str) -> TenantId | None:
        lookups = self._store.key_lookups
        return next((each for each in lookups.tenants if lookup in lookups.of(each)), None)
