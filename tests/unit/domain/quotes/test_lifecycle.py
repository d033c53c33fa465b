from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.quotes.lifecycle import (
    QuoteAlreadyAccepted,
    QuoteExpired,
    QuoteNotDue,
    QuoteNotFound,
    accept,
    expire,
)
from domain.quotes.quote import Quote, QuoteStatus
from domain.shared.errors import DomainError, InvariantViolation
from domain.shared.ids import CustomerId, OrderId
from domain.shared.side import Side
from tests.unit.domain.builders import CUSTOMER_ID, ORDER_ID, open_quote

OPEN = open_quote()
BEFORE = OPEN.expires_at - timedelta(microseconds=1)
DUE = OPEN.expires_at
ACCEPTED = accept(OPEN, order_id=ORDER_ID, at=BEFORE)
EXPIRED = expire(OPEN, at=DUE)
OTHER_ORDER_ID = OrderId(UUID(int=99))


def accepting(quote: Quote, *, late: bool) -> Quote:
    return accept(quote, order_id=OTHER_ORDER_ID, at=DUE if late else BEFORE)


def expiring(quote: Quote, *, late: bool) -> Quote:
    return expire(quote, at=DUE if late else BEFORE)


@pytest.mark.parametrize(
    ("quote", "act", "late", "expected"),
    [
        (OPEN, accepting, False, QuoteStatus.ACCEPTED),
        (OPEN, accepting, True, QuoteExpired),
        (OPEN, expiring, False, QuoteNotDue),
        (OPEN, expiring, True, QuoteStatus.EXPIRED),
        (ACCEPTED, accepting, False, QuoteAlreadyAccepted),
        (ACCEPTED, accepting, True, QuoteAlreadyAccepted),
        (ACCEPTED, expiring, False, QuoteAlreadyAccepted),
        (ACCEPTED, expiring, True, QuoteAlreadyAccepted),
        (EXPIRED, accepting, False, QuoteExpired),
        (EXPIRED, accepting, True, QuoteExpired),
        (EXPIRED, expiring, False, QuoteStatus.EXPIRED),
        (EXPIRED, expiring, True, QuoteStatus.EXPIRED),
    ],
)
def test_every_state_answers_every_move(
    quote: Quote,
    act: Callable[..., Quote],
    late: bool,
    expected: QuoteStatus | type[DomainError],
) -> None:
    if isinstance(expected, QuoteStatus):
        assert act(quote, late=late).status is expected
    else:
        with pytest.raises(expected):
            act(quote, late=late)


def test_accepting_binds_the_order_and_moves_one_version() -> None:
    assert (ACCEPTED.order_id, ACCEPTED.version, ACCEPTED.updated_at) == (ORDER_ID, 2, BEFORE)
    assert (EXPIRED.order_id, EXPIRED.version, EXPIRED.updated_at) == (None, 2, DUE)
    assert expire(EXPIRED, at=DUE) is EXPIRED


def test_second_acceptance_names_the_existing_order() -> None:
    with pytest.raises(QuoteAlreadyAccepted) as raised:
        accepting(ACCEPTED, late=False)
    assert raised.value.order_id == ORDER_ID
    assert raised.value.context == {"order_id": ORDER_ID}


def test_another_customers_quote_does_not_exist() -> None:
    stranger = CustomerId(UUID(int=77))
    for quote in (OPEN, ACCEPTED, EXPIRED):
        with pytest.raises(QuoteNotFound):
            accept(quote, order_id=OTHER_ORDER_ID, at=BEFORE, customer_id=stranger)
    own = accept(OPEN, order_id=ORDER_ID, at=BEFORE, customer_id=CUSTOMER_ID)
    assert own.status is QuoteStatus.ACCEPTED


def test_time_of_a_quote_never_runs_backwards() -> None:
    earlier = OPEN.created_at - timedelta(seconds=1)
    assert accept(OPEN, order_id=ORDER_ID, at=earlier).updated_at == OPEN.updated_at


def test_buyer_pays_quote_asset_and_seller_pays_base_asset() -> None:
    buy, sell = open_quote(Side.BUY), open_quote(Side.SELL)
    assert (buy.pay.asset, buy.pay.units) == ("USDT", buy.quote_units)
    assert (buy.receive.asset, buy.receive.units) == ("BTC", buy.base_units)
    assert (sell.pay.asset, sell.pay.units) == ("BTC", sell.base_units)
    assert (sell.receive.asset, sell.receive.units) == ("USDT", sell.quote_units)


@pytest.mark.parametrize(
    "change",
    [
        {"quote_units": OPEN.quote_units + 1},
        {"fee_units": OPEN.fee_units + 1},
        {"lp_base_units": OPEN.base_units - 1},
        {"base_units": 0},
        {"order_id": ORDER_ID},
        {"status": QuoteStatus.ACCEPTED},
        {"breakdown": msgspec.structs.replace(OPEN.breakdown, tenant_spread_units=0)},
    ],
)
def test_quote_that_contradicts_itself_cannot_exist(change: dict[str, object]) -> None:
    with pytest.raises(InvariantViolation):
        msgspec.structs.replace(OPEN, **change)


def test_negative_part_of_a_breakdown_cannot_exist() -> None:
    with pytest.raises(InvariantViolation):
        msgspec.structs.replace(OPEN.breakdown, rounding_units=-1)
