from adapters.memory.store import Rows


class MemoryInbox:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def take(self, consumer: str, message_id: str) -> bool:
        key = (consumer, message_id)
        await self._rows.inbox.lock(key)
        if self._rows.inbox.get(key) is not None:
            return False
        self._rows.inbox.put(key, True)
        return True
