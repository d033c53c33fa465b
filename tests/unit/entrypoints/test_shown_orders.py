"""What an operator reads about an order's attempt at its LP."""

from datetime import timedelta

import pytest

from application.ports.trading import LpAttempt, OrderDetail
from domain.assets.catalog import Catalog
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.by_hand import REVIEW_AFTER
from domain.tenants.tenant import HOUSE_TENANT_ID
from entrypoints.cli.orders import Showing, shown, shown_detail
from tests.unit.domain.builders import instrument_of, rfq_order

INSTRUMENT = instrument_of()
ASSETS = Catalog(
    assets={each.code: each for each in (INSTRUMENT.base, INSTRUMENT.quote)},
    instruments={INSTRUMENT.symbol: INSTRUMENT},
)


@pytest.mark.parametrize(
    ("status", "resolved_by"),
    [
        (AttemptStatus.SENDING, None),
        (AttemptStatus.PENDING, None),
        (AttemptStatus.UNKNOWN, None),
        (AttemptStatus.FILLED, "resolver"),
        (AttemptStatus.REJECTED, "resolver"),
    ],
)
def test_attempt_names_its_resolver_once_it_is_resolved(
    status: AttemptStatus, resolved_by: str | None
) -> None:
    order = rfq_order()
    attempt = LpAttempt(
        order_id=order.id,
        number=1,
        lp=LpName("lp_a"),
        lp_quote_id="q1",
        lp_base_units=1,
        lp_quote_units=1,
        client_ref="c1",
        status=status,
        lp_expires_at=order.created_at + timedelta(seconds=8),
        deadline=order.created_at + timedelta(seconds=3),
        looks=1,
        resolved_by="resolver",
        created_at=order.created_at,
    )
    detail = OrderDetail(order=order, attempt=attempt, transaction_id=None)
    by = Showing(ASSETS, order.created_at)
    told = shown_detail(detail, HOUSE_TENANT_ID, by)["attempt"]
    assert isinstance(told, dict)
    assert told["resolved_by"] == resolved_by


def test_order_is_in_review_when_it_was_open_for_long_enough() -> None:
    order = rfq_order()
    due = order.created_at + REVIEW_AFTER
    seen = [
        shown(order, HOUSE_TENANT_ID, Showing(ASSETS, at))["in_review"]
        for at in (due - timedelta(microseconds=1), due)
    ]
    assert seen == [False, True]
