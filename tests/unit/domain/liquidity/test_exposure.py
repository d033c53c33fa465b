import pytest

from domain.liquidity.capabilities import Settlement
from domain.liquidity.exposure import (
    Exposure,
    Level,
    LpTerms,
    LpTermsInvalid,
    capacity,
    delivered,
)
from domain.liquidity.quote import LpName
from domain.shared.money import AssetCode
from domain.shared.side import Side

USDT, BTC = AssetCode("USDT"), AssetCode("BTC")
PREFUNDED, CREDIT = Settlement.PREFUNDED, Settlement.POST_TRADE


def terms(**changes: int | None) -> LpTerms:
    return LpTerms(lp=LpName("alpha"), asset=USDT, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("agreed", "settlement", "balance", "expected"),
    [
        (terms(), PREFUNDED, 100, 100),
        (terms(keep_units=30), PREFUNDED, 100, 70),
        (terms(keep_units=30), PREFUNDED, 20, 0),
        (terms(refuse_at_ppm=800_000), PREFUNDED, 100, 80),
        (terms(), PREFUNDED, -5, 0),
        # What an LP that holds our money would lend is not ours to count on.
        (terms(limit_units=50), PREFUNDED, 10, 10),
        (terms(limit_units=100), CREDIT, 0, 100),
        (terms(limit_units=100), CREDIT, -40, 60),
        (terms(limit_units=100, refuse_at_ppm=900_000), CREDIT, -40, 50),
        (terms(limit_units=100), CREDIT, -140, 0),
        (terms(limit_units=100), CREDIT, 25, 125),
        (terms(), CREDIT, 0, 0),
    ],
)
def test_capacity(agreed: LpTerms, settlement: Settlement, balance: int, expected: int) -> None:
    assert capacity(agreed, settlement, balance) == expected


@pytest.mark.parametrize(
    ("reserved", "used", "level"),
    [
        (0, 0, Level.OK),
        (70, 10, Level.OK),
        (70, 11, Level.LOW),
        (90, 10, Level.EMPTY),
        (90, 11, Level.OVER),
    ],
)
def test_unknown_counts_as_filled_when_the_level_is_judged(
    reserved: int, used: int, level: Level
) -> None:
    seen = Exposure(
        terms=terms(low_water_units=20),
        settlement=PREFUNDED,
        balance_units=100,
        handed_out_units=100,
        reserved_units=reserved,
        used_units=used,
    )
    assert (seen.level, seen.available_units) == (level, 100 - reserved - used)


@pytest.mark.parametrize(("side", "expected"), [(Side.BUY, (USDT, 7)), (Side.SELL, (BTC, 3))])
def test_what_goes_to_the_lp_is_what_the_customer_pays_with(
    side: Side, expected: tuple[AssetCode, int]
) -> None:
    assert delivered(side, BTC, USDT, base_units=3, quote_units=7) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"limit_units": -1},
        {"keep_units": -1},
        {"low_water_units": 10**30},
        {"slice_units": 0},
        {"refuse_at_ppm": 0},
        {"refuse_at_ppm": 1_000_001},
        {"value_days": 31},
        {"value_days": -1},
    ],
)
def test_terms_that_mean_nothing_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(LpTermsInvalid):
        terms(**changes)
