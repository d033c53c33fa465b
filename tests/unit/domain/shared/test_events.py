"""Numbers of events: in order of recording, and never a later version before an earlier one."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvariantViolation
from domain.shared.events import DATA_BYTES_MAX, Announcement, Unnumbered, in_order
from domain.shared.ids import EventId

START = datetime(2026, 3, 1, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)


def row(resource: UUID, version: int, second: int) -> Unnumbered:
    event_id = EventId(UUID(int=10 * resource.int + version))
    return Unnumbered(event_id, resource, version, START + timedelta(seconds=second))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([row(A, 1, 0)], [(A, 1)]),
        ([row(A, 1, 1), row(B, 1, 0)], [(B, 1), (A, 1)]),
        ([row(A, 2, 2), row(B, 1, 1), row(A, 1, 0)], [(A, 1), (B, 1), (A, 2)]),
        # A clock that stepped back: the second version waits for the first.
        ([row(A, 2, 0), row(B, 1, 1), row(A, 1, 2)], [(B, 1), (A, 1), (A, 2)]),
        ([row(A, 3, 0), row(A, 2, 1), row(A, 1, 2)], [(A, 1), (A, 2), (A, 3)]),
        # At one time by the clock: whichever, but always the same way.
        ([row(B, 1, 0), row(A, 2, 0), row(A, 1, 0)], [(A, 1), (A, 2), (B, 1)]),
        # Not every version is told.
        ([row(A, 9, 1), row(A, 4, 0)], [(A, 4), (A, 9)]),
    ],
)
def test_order_of_events(rows: list[Unnumbered], expected: list[tuple[UUID, int]]) -> None:
    ordered = in_order(rows)
    assert [(each.resource_id, each.resource_version) for each in ordered] == expected


ROWS = st.lists(
    st.builds(row, st.sampled_from([A, B, UUID(int=3)]), st.integers(1, 6), st.integers(0, 5)),
    unique_by=lambda each: (each.resource_id, each.resource_version),
)


@given(ROWS)
def test_nothing_is_lost_and_versions_ascend_whatever_the_clock_did(
    rows: list[Unnumbered],
) -> None:
    numbered = in_order(rows)
    assert len(numbered) == len(rows)
    assert set(numbered) == set(rows)
    for resource in {each.resource_id for each in rows}:
        versions = [each.resource_version for each in numbered if each.resource_id == resource]
        assert versions == sorted(versions)


@given(ROWS, st.randoms())
def test_order_does_not_depend_on_how_the_rows_were_read(
    rows: list[Unnumbered], random: Random
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert in_order(shuffled) == in_order(rows)


@given(ROWS)
def test_times_that_agree_with_the_versions_alone_decide(rows: list[Unnumbered]) -> None:
    times = [
        each.recorded_at
        for each in sorted(rows, key=lambda each: (each.resource_id, each.resource_version))
    ]
    numbered = in_order(rows)
    recorded = {(each.resource_id, each.resource_version): each.recorded_at for each in rows}
    if all(_ascends(rows, resource) for resource in {each.resource_id for each in rows}):
        told = [recorded[each.resource_id, each.resource_version] for each in numbered]
        assert told == sorted(times)


def _ascends(rows: list[Unnumbered], resource: UUID) -> bool:
    mine = sorted(
        (each.resource_version, each.recorded_at) for each in rows if each.resource_id == resource
    )
    return [at for _, at in mine] == sorted(at for _, at in mine)


def test_two_of_one_version_are_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        in_order([row(A, 1, 0), row(A, 1, 1)])


@pytest.mark.parametrize("change", [{"resource_version": 0}, {"data": b" " * (DATA_BYTES_MAX + 1)}])
def test_announcement_that_cannot_be_told_is_a_bug(change: dict[str, object]) -> None:
    sound: dict[str, object] = {
        "id": EventId(A),
        "type": "customer.created.v1",
        "resource_id": A,
        "resource_version": 1,
        "customer_ids": (),
        "occurred_at": START,
        "data": b"{}",
    }
    Announcement(**sound)  # type: ignore[arg-type]  # a table of arguments
    with pytest.raises(InvariantViolation):
        Announcement(**(sound | change))  # type: ignore[arg-type]
