"""When a delivery that failed is tried again: ten attempts over about three days.

The pauses are those that Standard Webhooks recommends. Chance enters as an argument.
"""

from datetime import timedelta
from typing import Final

from ..shared.errors import invariant

# After the first attempt, after the second, and so on: 5 s, 5 min, 30 min, 2 h, 5 h … 24 h.
PAUSES_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
ATTEMPTS_MAX: Final = len(PAUSES_S) + 1
# Each pause is longer by up to a tenth, so that what failed together does not come back together.
JITTER_PPM_MAX: Final = 100_000
MILLION: Final = 1_000_000
# A receiver may ask for more patience than the table has, but not for an end without end.
RETRY_AFTER_MAX: Final = timedelta(days=1)


def pause_before_next(
    attempts_made: int, *, jitter_ppm: int, wish: timedelta | None = None
) -> timedelta | None:
    """How long to wait after `attempts_made` failures. None when that is all.

    `wish` is what the receiver asked for: it makes a pause longer, up to a day, and never shorter.
    """
    invariant(attempts_made >= 1, "the first attempt is made at once")
    invariant(0 <= jitter_ppm <= JITTER_PPM_MAX, "jitter is a share of the pause")
    if attempts_made >= ATTEMPTS_MAX:
        return None
    pause = timedelta(seconds=PAUSES_S[attempts_made - 1])
    longer = pause + pause * jitter_ppm // MILLION
    return longer if wish is None else max(longer, min(wish, RETRY_AFTER_MAX))
