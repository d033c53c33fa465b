"""Handing out what an LP can take: never more than there is, and fairly."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.liquidity.quotas import (
    DEMAND_FACTOR,
    LpQuota,
    LpQuotaShort,
    booked,
    claimed,
    filled,
    lowered,
    raises,
    released,
    reserved,
    targets,
)
from domain.shared.errors import InvariantViolation
from domain.shared.ids import TenantId

UNITS = st.integers(0, 10**20)
A, B, C = (TenantId(UUID(int=number)) for number in (1, 2, 3))


@st.composite
def quotas(draw: st.DrawFn) -> dict[TenantId, LpQuota]:
    found = {}
    for number in range(draw(st.integers(1, 40))):
        under_way = draw(UNITS), draw(UNITS)
        found[TenantId(UUID(int=number))] = LpQuota(
            quota_units=sum(under_way) + draw(UNITS),
            reserved_units=under_way[0],
            used_units=under_way[1],
            drawn_units=draw(UNITS),
        )
    return found


def test_reserving_more_than_is_free_is_refused() -> None:
    quota = LpQuota(quota_units=10, reserved_units=3, used_units=4)
    assert reserved(quota, 3).free_units == 0
    with pytest.raises(LpQuotaShort):
        reserved(quota, 4)


def test_quota_goes_from_reserved_to_used_to_nothing() -> None:
    quota = reserved(LpQuota(quota_units=10), 4)
    assert (quota.reserved_units, quota.free_units, quota.drawn_units) == (4, 6, 4)
    assert released(quota, 4).free_units == 10
    used = filled(quota, 4)
    assert (used.reserved_units, used.used_units, used.free_units) == (0, 4, 6)
    gone = booked(used, 4)
    assert (gone.quota_units, gone.committed_units, gone.free_units) == (6, 0, 6)


def test_freeing_what_was_not_reserved_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        released(LpQuota(quota_units=10, reserved_units=3), 4)


def test_claiming_halves_what_was_drawn() -> None:
    assert claimed(LpQuota(drawn_units=9), 7) == LpQuota(drawn_units=4, fence=7)


def test_wishes_come_first_and_the_rest_is_shared_evenly() -> None:
    found = targets(100, {A: LpQuota(drawn_units=10), B: LpQuota(), C: LpQuota()})
    assert found == {A: DEMAND_FACTOR * 10 + 20, B: 20, C: 20}


def test_when_it_does_not_reach_small_wishes_are_met_and_large_ones_cut_alike() -> None:
    found = targets(
        90, {A: LpQuota(drawn_units=5), B: LpQuota(drawn_units=500), C: LpQuota(drawn_units=900)}
    )
    assert found == {A: 20, B: 35, C: 35}


def test_with_less_than_is_under_way_everybody_keeps_just_that() -> None:
    held = LpQuota(quota_units=90, reserved_units=40, used_units=20)
    assert targets(50, {A: held, B: LpQuota(quota_units=10)}) == {A: 60, B: 0}


@given(UNITS, quotas())
def test_targets_are_together_capacity_or_what_is_under_way(
    capacity: int, found: dict[TenantId, LpQuota]
) -> None:
    wanted = targets(capacity, found)
    under_way = sum(quota.committed_units for quota in found.values())
    assert sum(wanted.values()) == max(capacity, under_way)
    assert all(wanted[tenant] >= quota.committed_units for tenant, quota in found.items())


@given(UNITS, quotas())
def test_nobody_whose_wish_is_cut_gets_less_than_another(
    capacity: int, found: dict[TenantId, LpQuota]
) -> None:
    given_to = free(targets(capacity, found), found)
    most = max(given_to.values())
    for tenant, quota in found.items():
        if given_to[tenant] < quota.drawn_units * DEMAND_FACTOR:
            assert given_to[tenant] >= most - 1


@given(UNITS, quotas(), st.data())
def test_refill_never_hands_out_more_than_there_is_whatever_happens_meanwhile(
    capacity: int, found: dict[TenantId, LpQuota], data: st.DataObject
) -> None:
    """Tenants reserve between every two writes; perhaps too much was handed out before."""
    wanted = targets(capacity, found)
    for tenant in sorted(found):
        found[tenant] = lowered(found[tenant], wanted[tenant])
        someone = data.draw(st.sampled_from(sorted(found)))
        if found[someone].free_units:
            taken = data.draw(st.integers(1, found[someone].free_units))
            found[someone] = reserved(found[someone], taken)
    before = {tenant: quota.quota_units for tenant, quota in found.items()}
    added = raises(capacity, before, wanted)
    assert sum(before.values()) + sum(added.values()) <= max(capacity, sum(before.values()))
    assert all(units > 0 for units in added.values())


def free(wanted: Mapping[TenantId, int], found: Mapping[TenantId, LpQuota]) -> dict[TenantId, int]:
    return {tenant: wanted[tenant] - quota.committed_units for tenant, quota in found.items()}
