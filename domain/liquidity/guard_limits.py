"""How far a price may stray, by instrument and size. Changed by two people, never by a caller."""

from datetime import timedelta
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.money import PPM, check_limit

# One reference is nobody's second opinion: fewer than two are never enough, whatever the limits.
REFERENCES_FLOOR: Final = 2
REFERENCES_MOST: Final = 8
BANDS_MAX: Final = 8
AGE_MOST: Final = timedelta(seconds=60)
WINDOW_MOST: Final = timedelta(hours=1)


class GuardLimitsInvalid(RuleViolation):
    code = "guard_limits_invalid"


class GuardBand(msgspec.Struct, frozen=True, kw_only=True):
    """For trades up to `quote_units_max`, inclusive; None is without end."""

    at_quote_ppm: int
    at_execute_ppm: int
    quote_units_max: int | None = None


class GuardLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Raises `GuardLimitsInvalid`.

    `bands` ascend, the last without end. `apart_max_ppm` is how far a reference may lie from the
    median of all, `spread_max_ppm` its bid from its ask. A median more than `jump_max_ppm` from
    the last good one is refused until that one is older than `jump_window`. `sheet_suffices`: a
    rate sheet counts as enough by itself; other references must not contradict it.
    """

    bands: tuple[GuardBand, ...]
    age_max: timedelta = timedelta(seconds=5)
    references_min: int = REFERENCES_FLOOR
    apart_max_ppm: int = 5_000
    spread_max_ppm: int = 20_000
    jump_max_ppm: int = 30_000
    jump_window: timedelta = timedelta(seconds=60)
    sheet_suffices: bool = False

    def __post_init__(self) -> None:
        zero = timedelta(0)
        ppms = (
            *(band.at_quote_ppm for band in self.bands),
            *(band.at_execute_ppm for band in self.bands),
            *(self.apart_max_ppm, self.spread_max_ppm, self.jump_max_ppm),
        )
        ends = [band.quote_units_max for band in self.bands]
        inner = [end for end in ends[:-1] if end is not None]
        rules = (
            (0 < len(ends) <= BANDS_MAX, f"there must be 1 to {BANDS_MAX} bands"),
            (all(0 < ppm < PPM for ppm in ppms), "ppm must lie between 0 and 1000000"),
            (ends[-1:] == [None], "the last band must be without end"),
            (len(inner) == len(ends[:-1]), "only the last band may be without end"),
            (inner == sorted(set(inner)), "bands must ascend"),
            (all(end > 0 for end in inner), "a band must end above zero"),
            (
                REFERENCES_FLOOR <= self.references_min <= REFERENCES_MOST,
                f"between {REFERENCES_FLOOR} and {REFERENCES_MOST} references are needed",
            ),
            (zero < self.age_max <= AGE_MOST, f"the age must be at most {AGE_MOST}"),
            (zero < self.jump_window <= WINDOW_MOST, f"the window must be at most {WINDOW_MOST}"),
        )
        for satisfied, detail in rules:
            if not satisfied:
                raise GuardLimitsInvalid(detail)
        for end in inner:
            check_limit(end)

    def band(self, quote_units: int) -> GuardBand:
        return next(
            band
            for band in self.bands
            if band.quote_units_max is None or quote_units <= band.quote_units_max
        )


# Where nobody has set any: one band, and no rate sheet that is enough by itself.
DEFAULT_LIMITS: Final = GuardLimits(bands=(GuardBand(at_quote_ppm=7_500, at_execute_ppm=10_000),))
