from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.shared.ids import CustomerId, WebhookEndpointId
from domain.webhooks.answer import Verdict
from domain.webhooks.endpoint import (
    FAILING_MAX,
    PING,
    SLOW,
    DisabledBy,
    DisabledByOperator,
    Endpoint,
    EndpointStatus,
    after_attempt,
    disable,
    enable,
    wants,
)
from domain.webhooks.event_filter import EventTypesInvalid, check_patterns

AT = datetime(2026, 1, 5, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
QUICK = timedelta(milliseconds=20)
MINE, THEIRS, OTHER = (CustomerId(UUID(int=number)) for number in (1, 2, 3))
NEW = Endpoint(
    id=WebhookEndpointId(UUID(int=7)),
    url="https://hooks.partner.com/",
    event_types=("*",),
    created_at=AT,
    updated_at=AT,
)
HEALTHY = replace(NEW, is_troubled=False)
FAILING = replace(NEW, failing_since=AT)
DISABLED = disable(NEW, by=DisabledBy.PARTNER, at=AT)


@pytest.mark.parametrize(
    ("before", "verdict", "at", "took", "after"),
    [
        (NEW, Verdict.DELIVERED, AT, QUICK, HEALTHY),
        (NEW, Verdict.DELIVERED, AT, SLOW, HEALTHY),
        (HEALTHY, Verdict.DELIVERED, AT, SLOW + QUICK, NEW),
        (FAILING, Verdict.DELIVERED, LATER, QUICK, HEALTHY),
        (HEALTHY, Verdict.FAILED, AT, QUICK, FAILING),
        (FAILING, Verdict.FAILED, LATER, QUICK, FAILING),
        (FAILING, Verdict.FAILED, AT + FAILING_MAX - QUICK, QUICK, FAILING),
    ],
)
def test_observation_makes_no_new_version(
    before: Endpoint, verdict: Verdict, at: datetime, took: timedelta, after: Endpoint
) -> None:
    assert after_attempt(before, verdict, at=at, took=took) == after


@pytest.mark.parametrize("endpoint", [NEW, HEALTHY, FAILING])
def test_gone_disables_whatever_came_before(endpoint: Endpoint) -> None:
    after = after_attempt(endpoint, Verdict.GONE, at=LATER, took=QUICK)
    assert (after.status, after.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.GONE)
    assert (after.version, after.updated_at) == (endpoint.version + 1, LATER)


def test_days_of_failures_disable() -> None:
    after = after_attempt(FAILING, Verdict.FAILED, at=AT + FAILING_MAX, took=QUICK)
    assert (after.status, after.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.FAILING)
    assert after.failing_since == AT


@pytest.mark.parametrize("verdict", Verdict)
def test_answer_that_comes_after_disabling_changes_nothing(verdict: Verdict) -> None:
    assert after_attempt(DISABLED, verdict, at=AT + 2 * FAILING_MAX, took=QUICK) is DISABLED


def test_first_reason_for_disabling_stays_on_record() -> None:
    assert disable(DISABLED, by=DisabledBy.GONE, at=LATER) is DISABLED


def test_what_an_operator_disabled_only_an_operator_enables() -> None:
    stopped = disable(DISABLED, by=DisabledBy.OPERATOR, at=LATER)
    assert stopped.disabled_by is DisabledBy.OPERATOR
    assert disable(stopped, by=DisabledBy.PARTNER, at=LATER) is stopped
    assert disable(stopped, by=DisabledBy.OPERATOR, at=LATER) is stopped
    with pytest.raises(DisabledByOperator):
        enable(stopped, at=LATER)
    assert enable(stopped, at=LATER, by_operator=True).status is EndpointStatus.ACTIVE


def test_enabled_endpoint_begins_with_a_clean_slate() -> None:
    disabled = after_attempt(FAILING, Verdict.FAILED, at=AT + FAILING_MAX, took=QUICK)
    again = enable(disabled, at=AT + FAILING_MAX)
    assert (again.status, again.disabled_by, again.failing_since) == ("active", None, None)
    assert after_attempt(again, Verdict.FAILED, at=again.updated_at, took=QUICK).status == "active"
    assert enable(again, at=LATER) is again


@pytest.mark.parametrize(
    ("types", "customer_id", "event_type", "of", "wanted"),
    [
        (("*",), None, "order.filled.v1", None, True),
        (("*",), None, "order.filled.v1", MINE, True),
        (("order.*",), None, "order.filled.v1", MINE, True),
        (("order.*",), None, "order.lp.unknown.v1", MINE, True),
        (("order.*",), None, "orders.filled.v1", MINE, False),
        (("order.*",), None, "order", MINE, False),
        (("order.filled.v1",), None, "order.filled.v1", MINE, True),
        (("order.filled.v1",), None, "order.filled.v2", MINE, False),
        (("order.filled.*",), None, "order.filled.v2", MINE, True),
        (("quote.*", "transfer.*"), None, "transfer.completed.v1", MINE, True),
        (("*",), MINE, "order.filled.v1", MINE, True),
        (("*",), MINE, "order.filled.v1", THEIRS, False),
        (("*",), MINE, "ledger.sealed.v1", None, False),
        (("quote.*",), MINE, "order.filled.v1", MINE, False),
    ],
)
def test_filters_decide_what_is_told(
    types: tuple[str, ...],
    customer_id: CustomerId | None,
    event_type: str,
    of: CustomerId | None,
    wanted: bool,
) -> None:
    endpoint = replace(NEW, event_types=types, customer_id=customer_id)
    customer_ids = () if of is None else (of, OTHER)
    found = wants(
        endpoint, event_type=event_type, resource_id=UUID(int=9), customer_ids=customer_ids
    )
    assert found is wanted


@pytest.mark.parametrize("types", [("*",), ("order.*",)])
def test_ping_reaches_its_own_endpoint_alone(types: tuple[str, ...]) -> None:
    endpoint = replace(NEW, event_types=types, customer_id=MINE)
    assert wants(endpoint, event_type=PING, resource_id=NEW.id, customer_ids=())
    assert not wants(endpoint, event_type=PING, resource_id=UUID(int=8), customer_ids=(MINE,))


@pytest.mark.parametrize(
    "patterns",
    [
        *([], ["order.*"] * 51, [""], ["Order.*"], ["order*"], [".*"], ["*.v1"], ["order.**"]),
        *(["order..v1"], ["order.*.v1"], ["order.filled.v1 "], ["a" * 101], ["order.\n*"]),
    ],
)
def test_patterns_that_match_nothing_are_refused(patterns: list[str]) -> None:
    with pytest.raises(EventTypesInvalid):
        check_patterns(patterns)


def test_patterns_are_kept_sorted_and_once() -> None:
    given = ["order.*", "*", "order.*", "quote.expired.v1"]
    assert check_patterns(given) == ("*", "order.*", "quote.expired.v1")
