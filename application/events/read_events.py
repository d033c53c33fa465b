from datetime import timedelta

import msgspec

from application.events.feed_watch import FeedWatch
from application.ports.events import EventFilter, EventPage
from application.ports.unit_of_work import UnitOfWork
from domain.shared.ids import TenantId


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`after` is the last number the reader has; `wait` how long it would wait for the next."""

    tenant_id: TenantId
    wanted: EventFilter
    after: int
    limit: int
    wait: timedelta


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """`has_more` says that there are numbers after `page.looked_until` already."""

    page: EventPage
    has_more: bool


class ReadEvents:
    """- In order of their numbers, from the one after `after`. Read again, they are the same.
    - `next` is the last number that was looked at, whether or not the filters let it through: pass
      it as `after`. With filters a page may therefore be empty and have more behind it.
    - With `wait`, when there is nothing yet, the answer comes as soon as there is, or empty when
      that many seconds have passed.
    - An event is here about a quarter of a second after its cause was committed.
    """

    def __init__(self, *, uow: UnitOfWork, watch: FeedWatch) -> None:
        self._uow = uow
        self._watch = watch

    async def execute(self, query: EventsQuery) -> FeedPage:
        """Raises `Overloaded`."""
        found = await self._read(query, query.after)
        if found.page.events or found.has_more or query.wait <= timedelta(0):
            return found
        seen = found.page.looked_until
        if not await self._watch.beyond(query.tenant_id, seen, patience=query.wait):
            return found
        return await self._read(query, seen)

    async def _read(self, query: EventsQuery, after: int) -> FeedPage:
        async with self._uow.begin(query.tenant_id) as tx:
            page = await tx.events.page(query.wanted, after=after, limit=query.limit)
            has_more = await tx.events.last_seq() > page.looked_until
        return FeedPage(page=page, has_more=has_more)
