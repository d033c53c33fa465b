from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.shared.ids import TenantId, WebhookEndpointId
from domain.webhooks.fairness import Bounds, Load, Waiting, shares

BOUNDS = Bounds(per_endpoint=2, per_troubled_endpoint=1, per_tenant=3, healthy=6, troubled=2)


def waiting(tenant: int, endpoint: int, *, troubled: bool = False) -> Waiting:
    return Waiting(
        tenant_id=TenantId(UUID(int=tenant)),
        endpoint_id=WebhookEndpointId(UUID(int=endpoint)),
        is_troubled=troubled,
    )


def test_lone_endpoint_gets_what_one_endpoint_may_have() -> None:
    one = waiting(1, 1)
    assert shares([one], Load(), bounds=BOUNDS) == {one: 2}


def test_troubled_endpoint_gets_one() -> None:
    one = waiting(1, 1, troubled=True)
    assert shares([one], Load(), bounds=BOUNDS) == {one: 1}


def test_tenant_with_many_endpoints_leaves_room_for_the_one_of_another() -> None:
    many, one = [waiting(1, number) for number in range(10, 20)], waiting(2, 2)
    granted = shares([*many, one], Load(), bounds=BOUNDS)
    assert sum(granted[each] for each in many if each in granted) == 3
    assert granted[one] == 2


def test_troubled_endpoints_of_all_tenants_take_nothing_of_the_healthy_lane() -> None:
    troubled = [waiting(number, number, troubled=True) for number in range(1, 9)]
    healthy = waiting(9, 9)
    granted = shares([*troubled, healthy], Load(), bounds=BOUNDS)
    assert sum(granted.values()) == 2 + 2
    assert granted[healthy] == 2


def test_what_is_under_way_counts() -> None:
    one = waiting(1, 1)
    full = Load(healthy=6)
    assert shares([one], full, bounds=BOUNDS) == {}
    assert shares([one], Load(by_endpoint={one.endpoint_id: 1}), bounds=BOUNDS) == {one: 1}
    assert shares([one], Load(by_tenant={(one.tenant_id, False): 3}), bounds=BOUNDS) == {}
    assert shares([one], Load(by_tenant={(one.tenant_id, True): 3}), bounds=BOUNDS) == {one: 2}


def test_place_that_becomes_free_goes_to_who_was_served_longest_ago() -> None:
    """Backlogs are named oldest first, and a dead endpoint's stays the oldest for days."""
    dead, fresh = [waiting(n, n, troubled=True) for n in (1, 2, 3)], waiting(4, 4, troubled=True)
    load = Load(
        troubled=1,
        tenant_served={(each.tenant_id, True): turn for turn, each in enumerate(dead, 1)},
        endpoint_served={each.endpoint_id: turn for turn, each in enumerate(dead, 1)},
    )
    assert shares([*dead, fresh], load, bounds=BOUNDS) == {fresh: 1}
    assert shares(dead, load, bounds=BOUNDS) == {dead[0]: 1}


def test_endpoint_of_a_tenant_is_not_hidden_by_the_older_backlogs_of_its_others() -> None:
    backlogs, fresh = [waiting(1, n) for n in (10, 11, 12)], waiting(1, 13)
    load = Load(endpoint_served={each.endpoint_id: 1 for each in backlogs})
    assert fresh in shares([*backlogs, fresh], load, bounds=BOUNDS)


CANDIDATES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 5), st.booleans()),
    unique_by=lambda each: each[:2],
    max_size=20,
)


@given(CANDIDATES, st.integers(0, 8), st.integers(0, 4))
def test_no_bound_is_passed_and_no_room_is_left_while_somebody_could_use_it(
    candidates: list[tuple[int, int, bool]], healthy: int, troubled: int
) -> None:
    all_of_them = [waiting(t, 10 * t + e, troubled=bad) for t, e, bad in candidates]
    granted = shares(all_of_them, Load(healthy=healthy, troubled=troubled), bounds=BOUNDS)
    lanes: Counter[bool] = Counter({False: healthy, True: troubled})
    tenants: Counter[tuple[TenantId, bool]] = Counter()
    for each, count in granted.items():
        assert 1 <= count <= (1 if each.is_troubled else 2)
        lanes[each.is_troubled] += count
        tenants[each.tenant_id, each.is_troubled] += count
    limits = {False: max(6, healthy), True: max(2, troubled)}
    assert all(lanes[lane] <= limits[lane] for lane in limits)
    assert all(count <= 3 for count in tenants.values())
    for each in all_of_them:
        if each not in granted:
            lane = each.is_troubled
            assert lanes[lane] >= limits[lane] or tenants[each.tenant_id, lane] == 3


@given(CANDIDATES)
def test_every_tenant_that_waits_gets_one_while_there_is_room_for_all(
    candidates: list[tuple[int, int, bool]],
) -> None:
    all_of_them = [waiting(t, 10 * t + e) for t, e, _ in candidates]
    served = {each.tenant_id for each in shares(all_of_them, Load(), bounds=BOUNDS)}
    assert served == {each.tenant_id for each in all_of_them}
