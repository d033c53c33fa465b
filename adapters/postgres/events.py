"""The outbox, and each tenant's numbered events. Numbering holds the tenant's head row locked."""

from uuid import UUID

import asyncpg

from adapters.postgres.connection import Connection, Row
from application.ports.events import LOOK_MAX, PAGE_MAX, Event, EventFilter, EventPage
from domain.shared.errors import InvariantViolation, NotFound, invariant
from domain.shared.events import Announcement, Unnumbered, in_order
from domain.shared.ids import CustomerId, EventId, TenantId

COLUMNS = """id, type, seq, resource_id, resource_version, customer_ids, occurred_at, recorded_at,
  data"""
# The columns that `announced` gives values for, in its order.
ANNOUNCED = "id, type, resource_id, resource_version, customer_ids, occurred_at, data"
ADD = f"""
INSERT INTO outbox (tenant_id, {ANNOUNCED})
SELECT $1, a.id, a.type, a.resource_id, a.version, a.customers::uuid[], a.occurred_at, a.data::json
FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::timestamptz[],
  $8::text[]) AS a (id, type, resource_id, version, customers, occurred_at, data)
"""
# Held until the numbers are committed. Whoever finds it locked leaves the tenant to the other.
LOCK_HEAD = "SELECT last_seq FROM event_heads WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED"
MAKE_HEAD = """
INSERT INTO event_heads (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING last_seq
"""
# Looked at when the head is locked already: what others numbered is gone.
NEXT = """
SELECT id, resource_id, resource_version, recorded_at FROM outbox
WHERE tenant_id = $1 ORDER BY recorded_at, resource_id LIMIT $2
"""
# Of what was seen every other version. Those before it were committed before it, so they are seen.
VERSIONS = """
SELECT id, resource_id, resource_version, recorded_at FROM outbox
WHERE tenant_id = $1 AND resource_id = ANY($2::uuid[])
"""
# Plans are kept, maybe from when the table was empty: asked by its key, it is never read through.
NUMBER = """
WITH taken AS (
  DELETE FROM outbox o
  WHERE o.tenant_id = $1 AND o.resource_id = ANY($2::uuid[]) AND o.id = ANY($3::uuid[])
  RETURNING o.*),
told AS (
  INSERT INTO events (tenant_id, id, seq, type, resource_id, resource_version, customer_ids,
    occurred_at, recorded_at, data)
  SELECT $1, id, $4 + array_position($3::uuid[], id), type, resource_id, resource_version,
    customer_ids, occurred_at, recorded_at, data
  FROM taken
  RETURNING 1)
UPDATE event_heads h SET last_seq = h.last_seq + (SELECT count(*) FROM told)
WHERE h.tenant_id = $1 AND h.last_seq = $4
RETURNING last_seq
"""
LAST = "SELECT last_seq FROM event_heads WHERE tenant_id = $1"
# Numbers have no gap, so those to look at are a range of them.
PAGE = f"""
SELECT {COLUMNS} FROM events
WHERE tenant_id = $1 AND seq > $2 AND seq <= $3
  AND ($4::uuid IS NULL OR $4 = ANY(customer_ids))
  AND ($5::text[] IS NULL OR type = ANY($5)
    OR EXISTS (SELECT FROM unnest($6::text[]) AS family WHERE starts_with(type, family)))
ORDER BY seq LIMIT $7
"""
GET = f"SELECT {COLUMNS} FROM events WHERE tenant_id = $1 AND id = $2"
ANNOUNCED_TWICE = "outbox_pkey"


class PostgresOutbox:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, *announcements: Announcement) -> None:
        columns = zip(*(_as_text(each) for each in announcements), strict=True)
        try:
            await self._connection.execute(ADD, self._tenant_id, *map(list, columns))
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != ANNOUNCED_TWICE:
                raise
            raise InvariantViolation("a version is announced twice") from error

    async def number(self, *, limit: int) -> int | None:
        last_seq = await self._lock_head()
        if last_seq is None:
            return None
        ordered = in_order(await self._waiting(limit))
        if ordered:
            reached = await self._connection.fetchval(
                NUMBER,
                self._tenant_id,
                [each.resource_id for each in ordered],
                [each.id for each in ordered],
                last_seq,
            )
            invariant(reached == last_seq + len(ordered), "a number was given twice or not at all")
        return len(ordered)

    async def _waiting(self, limit: int) -> list[Unnumbered]:
        """What was recorded first, and every earlier version of it, whatever their times are."""
        rows = await self._connection.fetch(NEXT, self._tenant_id, limit)
        waiting = {row["id"]: Unnumbered(*row.values()) for row in rows}
        if len(rows) < limit:
            return list(waiting.values())
        until: dict[UUID, int] = {}
        for each in waiting.values():
            until[each.resource_id] = max(
                each.resource_version, until.get(each.resource_id, each.resource_version)
            )
        rows = await self._connection.fetch(VERSIONS, self._tenant_id, list(until))
        for row in rows:
            if row["resource_version"] < until[row["resource_id"]]:
                waiting[row["id"]] = Unnumbered(*row.values())
        return list(waiting.values())

    async def _lock_head(self) -> int | None:
        locked = await self._connection.fetchval(LOCK_HEAD, self._tenant_id)
        if locked is None and await self._connection.fetchval(LAST, self._tenant_id) is None:
            # The tenant's first event. Another who makes the row at the same time is waited for.
            locked = await self._connection.fetchval(MAKE_HEAD, self._tenant_id)
        return None if locked is None else int(locked)


class PostgresEvents:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def last_seq(self) -> int:
        last_seq: int | None = await self._connection.fetchval(LAST, self._tenant_id)
        return last_seq or 0

    async def page(self, wanted: EventFilter, *, after: int, limit: int) -> EventPage:
        invariant(0 < limit <= PAGE_MAX, "a page has a bounded size")
        until = max(after, min(await self.last_seq(), after + LOOK_MAX))
        if until == after:
            return EventPage(events=(), looked_until=until)
        names, families = _types(wanted)
        rows = await self._connection.fetch(
            PAGE, self._tenant_id, after, until, wanted.customer_id, names, families, limit
        )
        events = tuple(_event(row) for row in rows)
        full = len(events) == limit
        return EventPage(events=events, looked_until=events[-1].seq if full else until)

    async def get(self, event_id: EventId) -> Event:
        row = await self._connection.fetchrow(GET, self._tenant_id, event_id)
        if row is None:
            raise NotFound("no such event")
        return _event(row)


def announced(announcement: Announcement) -> tuple[object, ...]:
    """As arguments, in the order of `ANNOUNCED`."""
    return (
        announcement.id,
        announcement.type,
        announcement.resource_id,
        announcement.resource_version,
        list(announcement.customer_ids),
        announcement.occurred_at,
        announcement.data.decode(),
    )


def _as_text(announcement: Announcement) -> tuple[object, ...]:
    """For arrays, which can hold no arrays of different lengths."""
    *before, _, occurred_at, data = announced(announcement)
    customers = ",".join(map(str, announcement.customer_ids))
    return (*before, f"{{{customers}}}", occurred_at, data)


def _types(wanted: EventFilter) -> tuple[list[str] | None, list[str] | None]:
    if not wanted.types:
        return None, None
    families = [each[:-1] for each in wanted.types if each.endswith(".*")]
    return [each for each in wanted.types if not each.endswith(".*")], families


def _event(row: Row) -> Event:
    return Event(
        id=EventId(row["id"]),
        type=row["type"],
        seq=row["seq"],
        resource_id=row["resource_id"],
        resource_version=row["resource_version"],
        customer_ids=tuple(CustomerId(each) for each in row["customer_ids"]),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        data=row["data"].encode(),
    )
