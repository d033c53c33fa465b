from typing import Annotated, Final

import msgspec
from msgspec import Meta

from application.events.body import EventBody
from entrypoints.http.schemas.values import END, CustomerRef, Query

LIMIT: Final = 100
LIMIT_MAX: Final = 500
WAIT_SECONDS_MAX: Final = 30
SEQ_MAX: Final = 2**63 - 1
_TYPE: Final = r"[a-z_]{1,40}\.([a-z_]{1,40}\.v[1-9][0-9]{0,2}|\*)"


class EventsQuery(Query, frozen=True, kw_only=True):
    after: Annotated[
        int, Meta(ge=0, le=SEQ_MAX, description="The last number you have; 0 is the beginning.")
    ] = 0
    types: (
        Annotated[
            str,
            Meta(
                pattern=f"^{_TYPE}(,{_TYPE}){{0,19}}{END}",
                description="Names separated by commas; `order.*` stands for all of orders.",
                examples=["order.*,transfer.completed.v1"],
            ),
        ]
        | None
    ) = None
    customer_id: CustomerRef | None = None
    limit: Annotated[
        int, Meta(description=f"At most {LIMIT_MAX}; what lies outside is set to the nearest.")
    ] = LIMIT
    wait: Annotated[
        int,
        Meta(
            ge=0,
            le=WAIT_SECONDS_MAX,
            description="Seconds to wait for the next event when there is none yet.",
        ),
    ] = 0


class EventFeedBody(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is to be passed as `after`; `has_more` says that there are more already."""

    data: list[EventBody]
    next: int
    has_more: bool
