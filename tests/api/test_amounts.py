"""Text becomes exactly the amount it says, or nothing at all."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.shared.money import UNITS_LIMIT
from entrypoints.http.problems import ApiError
from entrypoints.http.requests import decode_body
from entrypoints.http.schemas.quotes import CreateQuoteBody
from entrypoints.http.schemas.values import decimal, units_of
from tests.unit.domain.builders import BTC

DECODER = msgspec.json.Decoder(CreateQuoteBody)
CUSTOMER = "cus_" + "0" * 26

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
numbers = st.text(alphabet="0123456789.-+eE", max_size=40)


def read(amount: object) -> int:
    body = {"customer_id": CUSTOMER, "instrument": "BTC-USDT", "side": "buy", "base_amount": amount}
    decoded = decode_body(msgspec.json.encode(body), DECODER)
    assert decoded.base_amount is not None
    return units_of(decoded.base_amount, BTC, field="base_amount")


@given(amount=scalars | numbers)
@example(amount="0.00000001")
@example(amount="1\n")
@example(amount="٣")
def test_amount_is_read_exactly_or_refused(amount: object) -> None:
    units, code = None, ""
    try:
        units = read(amount)
    except ApiError as refusal:
        code = refusal.code
    if units is None:
        assert code == "validation_failed"
    else:
        assert isinstance(amount, str)
        assert Decimal(amount) == Decimal(units).scaleb(-BTC.scale)
        assert units > 0


@given(units=st.integers(min_value=1, max_value=UNITS_LIMIT - 1))
def test_amount_we_render_is_one_we_read(units: int) -> None:
    assert read(decimal(units, BTC)) == units


@pytest.mark.parametrize("amount", [str(10**22), "0.000000001", "0", "0.00000000"])
def test_amount_beyond_the_asset_is_refused(amount: str) -> None:
    with pytest.raises(ApiError):
        read(amount)
