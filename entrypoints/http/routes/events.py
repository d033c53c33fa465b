from datetime import timedelta
from typing import Final

from application.events import read_events
from application.events.body import EventBody, event_body
from application.events.catalog import is_told
from application.events.read_events import ReadEvents
from application.ports.events import EventFilter
from domain.shared.ids import CustomerId, EventId, IdPrefix, decode_id
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer
from entrypoints.http.schemas.events import LIMIT_MAX, EventFeedBody, EventsQuery


@operation(
    "GET",
    "/v1/events",
    summary="Read on in the event feed",
    scope=Scope.READ,
    takes=EventsQuery,
    answers={200: EventFeedBody},
    policy=ReadEvents,
)
async def list_events(call: Call[EventsQuery]) -> Reply:
    asked = call.input
    customer_id = asked.customer_id
    types = () if asked.types is None else tuple(asked.types.split(","))
    for each in types:
        if not is_told(each):
            raise invalid(f"there is no event of type {each}", parameter="types")
    feed = await call.services.read_events.execute(
        read_events.EventsQuery(
            tenant_id=call.tenant_id,
            wanted=EventFilter(
                types=types,
                customer_id=None
                if customer_id is None
                else CustomerId(decode_id(IdPrefix.CUSTOMER, customer_id)),
            ),
            after=asked.after,
            limit=min(max(asked.limit, 1), LIMIT_MAX),
            wait=timedelta(seconds=asked.wait),
        )
    )
    return answer(
        EventFeedBody(
            data=[event_body(each) for each in feed.page.events],
            next=feed.page.looked_until,
            has_more=feed.has_more,
        )
    )


@operation(
    "GET",
    "/v1/events/{event_id}",
    summary="Get an event",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: EventBody},
    item=IdPrefix.EVENT,
)
async def get_event(call: Call[Nothing]) -> Reply:
    async with call.services.uow.begin(call.tenant_id) as tx:
        event = await tx.events.get(EventId(call.item_id))
    return answer(event_body(event))


OPERATIONS: Final[tuple[AnyOperation, ...]] = (list_events, get_event)
