from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvariantViolation
from domain.webhooks.schedule import (
    ATTEMPTS_MAX,
    JITTER_PPM_MAX,
    PAUSES_S,
    RETRY_AFTER_MAX,
    pause_before_next,
)

HOUR = 3_600


@pytest.mark.parametrize(
    ("attempts_made", "pause_s"),
    [
        (1, 5),
        (2, 300),
        (3, 1_800),
        (4, 2 * HOUR),
        (5, 5 * HOUR),
        (6, 10 * HOUR),
        (7, 14 * HOUR),
        (8, 20 * HOUR),
        (9, 24 * HOUR),
        (10, None),
        (11, None),
    ],
)
def test_pauses_are_those_of_the_table(attempts_made: int, pause_s: int | None) -> None:
    expected = None if pause_s is None else timedelta(seconds=pause_s)
    assert pause_before_next(attempts_made, jitter_ppm=0) == expected


def test_all_attempts_together_take_about_three_days() -> None:
    whole = timedelta(seconds=sum(PAUSES_S))
    assert timedelta(days=3) < whole < timedelta(days=3, hours=4)
    assert ATTEMPTS_MAX == 10


@pytest.mark.parametrize(
    ("wish", "expected_s"),
    [(0, 300), (299, 300), (301, 301), (HOUR, HOUR), (10 * 24 * HOUR, 24 * HOUR)],
)
def test_wish_makes_a_pause_longer_up_to_a_day_and_never_shorter(
    wish: int, expected_s: int
) -> None:
    pause = pause_before_next(2, jitter_ppm=0, wish=timedelta(seconds=wish))
    assert pause == timedelta(seconds=expected_s)


@given(
    st.integers(1, ATTEMPTS_MAX - 1),
    st.integers(0, JITTER_PPM_MAX),
    st.none() | st.timedeltas(min_value=timedelta(0)),
)
def test_pause_lies_within_its_bounds(made: int, jitter_ppm: int, wish: timedelta | None) -> None:
    pause = pause_before_next(made, jitter_ppm=jitter_ppm, wish=wish)
    assert pause is not None
    listed = timedelta(seconds=PAUSES_S[made - 1])
    assert listed <= pause <= max(listed * 1.1, RETRY_AFTER_MAX)


@pytest.mark.parametrize(("made", "jitter_ppm"), [(0, 0), (1, -1), (1, JITTER_PPM_MAX + 1)])
def test_counts_and_shares_that_cannot_be_are_bugs(made: int, jitter_ppm: int) -> None:
    with pytest.raises(InvariantViolation):
        pause_before_next(made, jitter_ppm=jitter_ppm)
