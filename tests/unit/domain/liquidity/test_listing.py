import pytest

from domain.liquidity.listing import ANYTHING, Listing, ListingInvalid, Listings, beyond
from domain.liquidity.quote import LpName, LpQuoteRequest
from domain.liquidity.routing import LeftOut
from domain.shared.side import FixedSide, Side
from tests.unit.domain.builders import instrument_of

ONE, TWO = LpName("one"), LpName("two")
LIMITED = Listing(min_base_units=10, max_base_units=20, min_quote_units=100, max_quote_units=200)


def test_lp_of_which_nothing_is_listed_may_list_anything() -> None:
    listings = Listings({ONE: {"BTC-USDT": LIMITED}})
    assert listings.find(ONE, "BTC-USDT") == LIMITED
    assert listings.find(ONE, "ETH-USDT") is None
    assert listings.find(TWO, "ETH-USDT") == ANYTHING


@pytest.mark.parametrize(
    ("listing", "fixed", "units", "expected"),
    [
        (None, FixedSide.BASE, 15, LeftOut.NOT_LISTED),
        (ANYTHING, FixedSide.BASE, 10**25, None),
        (LIMITED, FixedSide.BASE, 9, LeftOut.BELOW_MINIMUM),
        (LIMITED, FixedSide.BASE, 10, None),
        (LIMITED, FixedSide.BASE, 20, None),
        (LIMITED, FixedSide.BASE, 21, LeftOut.ABOVE_MAXIMUM),
        (LIMITED, FixedSide.QUOTE, 99, LeftOut.BELOW_MINIMUM),
        (LIMITED, FixedSide.QUOTE, 100, None),
        (LIMITED, FixedSide.QUOTE, 201, LeftOut.ABOVE_MAXIMUM),
    ],
)
def test_lp_is_left_out_for_what_it_is_known_not_to_trade(
    listing: Listing | None, fixed: FixedSide, units: int, expected: LeftOut | None
) -> None:
    request = LpQuoteRequest(instrument=instrument_of(), side=Side.BUY, fixed=fixed, units=units)
    assert beyond(listing, request) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_base_units": 2, "max_base_units": 1},
        {"min_quote_units": 2, "max_quote_units": 1},
        {"base_step": 0},
        {"quote_step": -1},
    ],
)
def test_listing_that_nothing_fits_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ListingInvalid):
        Listing(**wrong)
