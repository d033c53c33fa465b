"""Who is served next: no tenant and no endpoint may keep the others waiting.

- An endpoint has a few deliveries under way at a time; one in trouble has one.
- A tenant has a share of the whole, however many endpoints it has.
- Endpoints in trouble have a lane of their own, so that all of them together, however slow, leave
  the others' lane free.
- Within these bounds everybody who waits gets one before anybody gets a second, and whoever was
  served longest ago is first: a place that becomes free goes round, and not to the oldest backlog.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ..shared.ids import TenantId, WebhookEndpointId


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries under way at once, in one process."""

    per_endpoint: int = 4
    per_troubled_endpoint: int = 1
    per_tenant: int = 16
    healthy: int = 64
    troubled: int = 32


BOUNDS: Final = Bounds()


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that something is due for."""

    tenant_id: TenantId
    endpoint_id: WebhookEndpointId
    is_troubled: bool


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is under way: in each lane, by tenant and by endpoint.

    A tenant's deliveries are counted within each lane: what is stuck takes nothing of what is not.
    `tenant_served` and `endpoint_served` are numbers that grow: at which turn each had a place the
    last time. Who is not in them is first.
    """

    healthy: int = 0
    troubled: int = 0
    by_tenant: Mapping[tuple[TenantId, bool], int] = {}
    by_endpoint: Mapping[WebhookEndpointId, int] = {}
    tenant_served: Mapping[tuple[TenantId, bool], int] = {}
    endpoint_served: Mapping[WebhookEndpointId, int] = {}


def shares(
    waiting: Iterable[Waiting], load: Load, *, bounds: Bounds = BOUNDS
) -> dict[Waiting, int]:
    """How many deliveries may be begun for each. Of those equally long unserved, the first named
    is first.
    """
    by_tenant: defaultdict[tuple[TenantId, bool], deque[Waiting]] = defaultdict(deque)
    for each in sorted(waiting, key=lambda each: load.endpoint_served.get(each.endpoint_id, 0)):
        by_tenant[each.tenant_id, each.is_troubled].append(each)
    first = sorted(by_tenant, key=lambda tenant: load.tenant_served.get(tenant, 0))
    turns = deque(by_tenant[tenant] for tenant in first)
    room = _Room(load, bounds)
    granted: Counter[Waiting] = Counter()
    while turns:
        queue = turns.popleft()
        taken = _first_with_room(queue, room)
        if taken is None:
            continue  # nobody of this tenant can be served any more in this lane
        granted[taken] += 1
        queue.append(taken)
        turns.append(queue)
    return dict(granted)


def _first_with_room(queue: deque[Waiting], room: "_Room") -> Waiting | None:
    while queue:
        each = queue.popleft()
        if room.take(each):
            return each
    return None


class _Room:
    def __init__(self, load: Load, bounds: Bounds) -> None:
        self._bounds = bounds
        self._lane = {False: bounds.healthy - load.healthy, True: bounds.troubled - load.troubled}
        self._tenants = Counter(load.by_tenant)
        self._endpoints = Counter(load.by_endpoint)

    def take(self, each: Waiting) -> bool:
        """False when one of the bounds is reached."""
        bounds, lane = self._bounds, each.is_troubled
        endpoint_max = bounds.per_troubled_endpoint if lane else bounds.per_endpoint
        tenant = (each.tenant_id, lane)
        if (
            self._lane[lane] <= 0
            or self._tenants[tenant] >= bounds.per_tenant
            or self._endpoints[each.endpoint_id] >= endpoint_max
        ):
            return False
        self._lane[lane] -= 1
        self._tenants[tenant] += 1
        self._endpoints[each.endpoint_id] += 1
        return True
