from datetime import timedelta

import pytest

from domain.webhooks.answer import (
    Answer,
    Answered,
    Cause,
    NoAnswer,
    Verdict,
    judge,
    outcome_of,
    wish_of,
)


@pytest.mark.parametrize(
    ("answer", "verdict", "outcome"),
    [
        (Answered(status=200), Verdict.DELIVERED, "delivered"),
        (Answered(status=201), Verdict.DELIVERED, "delivered"),
        (Answered(status=204), Verdict.DELIVERED, "delivered"),
        (Answered(status=299), Verdict.DELIVERED, "delivered"),
        (Answered(status=199), Verdict.FAILED, "http_199"),
        (Answered(status=301), Verdict.FAILED, "redirected"),
        (Answered(status=302), Verdict.FAILED, "redirected"),
        (Answered(status=304), Verdict.FAILED, "redirected"),
        (Answered(status=308), Verdict.FAILED, "redirected"),
        (Answered(status=400), Verdict.FAILED, "http_400"),
        (Answered(status=401), Verdict.FAILED, "http_401"),
        (Answered(status=404), Verdict.FAILED, "http_404"),
        (Answered(status=410), Verdict.GONE, "gone"),
        (Answered(status=429), Verdict.FAILED, "http_429"),
        (Answered(status=500), Verdict.FAILED, "http_500"),
        (Answered(status=503), Verdict.FAILED, "http_503"),
        (Answered(status=999), Verdict.FAILED, "http_999"),
        (NoAnswer(cause=Cause.TIMED_OUT, detail=""), Verdict.FAILED, "timed_out"),
        (NoAnswer(cause=Cause.UNREACHABLE, detail=""), Verdict.FAILED, "unreachable"),
        (NoAnswer(cause=Cause.ADDRESS_REFUSED, detail=""), Verdict.FAILED, "address_refused"),
    ],
)
def test_only_a_success_is_a_receipt(answer: Answer, verdict: Verdict, outcome: str) -> None:
    assert (judge(answer), outcome_of(answer)) == (verdict, outcome)


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "120", 120),
        (503, "0", 0),
        (503, "999999999", 999_999_999),
        (503, "9999999999", None),
        (503, "-1", None),
        (503, "1.5", None),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", None),
        (503, "٣", None),
        (503, None, None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_wish_is_read_where_it_has_a_meaning(
    status: int, header: str | None, seconds: int | None
) -> None:
    wish = wish_of(Answered(status=status, retry_after=header))
    assert wish == (None if seconds is None else timedelta(seconds=seconds))


def test_silence_wishes_nothing() -> None:
    assert wish_of(NoAnswer(cause=Cause.TIMED_OUT, detail="")) is None
