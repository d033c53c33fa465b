from msgspec.structs import asdict

from adapters.memory.store import FEED, OutboxRow, Rows
from application.ports.events import LOOK_MAX, PAGE_MAX, Event, EventFilter, EventPage
from domain.shared.errors import NotFound, invariant
from domain.shared.events import Announcement, Unnumbered, in_order
from domain.shared.ids import EventId


class MemoryOutbox:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, *announcements: Announcement) -> None:
        for each in announcements:
            key = (each.resource_id, each.resource_version)
            await self._rows.outbox.lock(key)
            invariant(self._rows.outbox.get(key) is None, "a version is announced twice")
            self._rows.outbox.put(key, OutboxRow(each, self._rows.session.now()))

    async def number(self, *, limit: int) -> int | None:
        if not await self._rows.event_heads.try_lock(FEED):
            return None
        last_seq = self._rows.event_heads.get(FEED) or 0
        ordered = in_order(self._next(limit))
        for seq, each in enumerate(ordered, start=last_seq + 1):
            key = (each.resource_id, each.resource_version)
            await self._rows.outbox.lock(key)
            row = self._rows.outbox.get(key)
            invariant(row is not None, "numbered by two at a time")
            if row is not None:
                fields = asdict(row.announcement)
                event = Event(seq=seq, recorded_at=row.recorded_at, **fields)
                self._rows.events.add(event.id, event)
                self._rows.event_numbers.add(event.seq, event.id)
            self._rows.outbox.delete(key)
        self._rows.event_heads.put(FEED, last_seq + len(ordered))
        return len(ordered)

    def _next(self, limit: int) -> list[Unnumbered]:
        waiting = sorted(
            (row.recorded_at, resource_id, version, row.announcement.id)
            for (resource_id, version), row in self._rows.outbox.items()
        )
        until: dict[object, int] = {}
        for _, resource_id, version, _ in waiting[:limit]:
            until[resource_id] = max(version, until.get(resource_id, 0))
        return [
            Unnumbered(event_id, resource_id, version, recorded_at)
            for recorded_at, resource_id, version, event_id in waiting
            if version <= until.get(resource_id, 0)
        ]


class MemoryEvents:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def last_seq(self) -> int:
        return self._rows.event_heads.get(FEED) or 0

    async def page(self, wanted: EventFilter, *, after: int, limit: int) -> EventPage:
        invariant(0 < limit <= PAGE_MAX, "a page has a bounded size")
        until = max(after, min(await self.last_seq(), after + LOOK_MAX))
        found: list[Event] = []
        for seq in range(after + 1, until + 1):
            event = self._numbered(seq)
            if wanted.lets_through(event):
                found.append(event)
            if len(found) == limit:
                return EventPage(events=tuple(found), looked_until=seq)
        return EventPage(events=tuple(found), looked_until=until)

    async def get(self, event_id: EventId) -> Event:
        event = self._rows.events.get(event_id)
        if event is None:
            raise NotFound("no such event")
        return event

    def _numbered(self, seq: int) -> Event:
        event_id = self._rows.event_numbers.get(seq)
        event = None if event_id is None else self._rows.events.get(event_id)
        if event is None:
            raise NotFound("no such event")
        return event
