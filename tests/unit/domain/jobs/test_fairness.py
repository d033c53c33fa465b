from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.jobs.fairness import Waiting, fair_batch
from domain.shared.errors import InvariantViolation
from domain.shared.ids import TenantId

START = datetime(2026, 1, 1, tzinfo=UTC)
TENANTS = [TenantId(UUID(int=number)) for number in range(8)]


def waiting(tenant: int, age: int, number: int) -> Waiting:
    return Waiting(
        tenant_id=TENANTS[tenant],
        subject=UUID(int=1_000 + number),
        due_at=START - timedelta(seconds=age),
    )


@st.composite
def backlogs(draw: st.DrawFn) -> list[Waiting]:
    made = draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 50)), max_size=80))
    return [waiting(tenant, age, number) for number, (tenant, age) in enumerate(made)]


@given(backlog=backlogs(), limit=st.integers(1, 40))
def test_batch_is_as_full_as_it_can_be_and_has_nothing_twice(
    backlog: list[Waiting], limit: int
) -> None:
    batch = fair_batch(backlog, limit=limit)
    assert len(batch) == min(limit, len(backlog))
    assert len(set(batch)) == len(batch)
    assert set(batch) <= set(backlog)


@given(backlog=backlogs(), limit=st.integers(1, 40))
def test_nobody_takes_more_than_a_share_while_others_get_less_and_have_more(
    backlog: list[Waiting], limit: int
) -> None:
    batch = fair_batch(backlog, limit=limit)
    has = Counter(each.tenant_id for each in backlog)
    got = Counter(each.tenant_id for each in batch)
    share = -(-limit // len(has)) if has else 0
    kept_waiting = [tenant for tenant in has if got[tenant] < min(has[tenant], share)]
    if kept_waiting:
        assert max(got.values()) <= share
        # Only the rounding of the share can keep somebody from all of it.
        assert all(got[tenant] >= share - 1 for tenant in kept_waiting)


@given(backlog=backlogs(), limit=st.integers(1, 40))
def test_each_tenants_own_work_goes_oldest_first(backlog: list[Waiting], limit: int) -> None:
    batch = set(fair_batch(backlog, limit=limit))
    for tenant in TENANTS:
        own = sorted(
            (each for each in backlog if each.tenant_id == tenant),
            key=lambda each: (each.due_at, each.subject),
        )
        taken = [each in batch for each in own]
        assert taken == sorted(taken, reverse=True)


def test_one_tenants_thousand_do_not_keep_another_ones_two_waiting() -> None:
    big = [waiting(0, 1_000 + number, number) for number in range(1_000)]
    small = [waiting(1, age, 2_000 + age) for age in (1, 2)]
    batch = fair_batch(big + small, limit=10)
    assert batch[:4] == (big[999], small[1], big[998], small[0])
    assert Counter(each.tenant_id for each in batch) == {TENANTS[0]: 8, TENANTS[1]: 2}


def test_more_tenants_than_room_go_by_the_age_of_their_oldest() -> None:
    backlog = [waiting(tenant, age=tenant, number=tenant) for tenant in range(8)]
    assert [each.tenant_id for each in fair_batch(backlog, limit=3)] == TENANTS[:4:-1]


def test_nothing_waiting_is_an_empty_batch_and_a_batch_has_room() -> None:
    assert fair_batch([], limit=1) == ()
    with pytest.raises(InvariantViolation):
        fair_batch([], limit=0)
