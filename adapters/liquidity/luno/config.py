from datetime import timedelta
from typing import Annotated, Final

import msgspec
from typing_extensions import override

from adapters.http_client.budget import RateBudget
from adapters.liquidity.settings import Credential, VendorSettings

QUOTE_LIFE_MAX = timedelta(minutes=1)

# Calls of all kinds.
RATE_BUDGET: Final = RateBudget(tokens=300, per_ms=60_000)


class LunoSettings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`api_key` is the vendor's key id. `quote_life`: for how long an order at the quoted price may
    be sent, which is also the deadline the vendor is told. `price_buffer_ppm` moves that price
    away from the book, so that it survives small moves; what the book then gives better is ours.
    `refusals_confirmed` are error codes of which the vendor has put in writing that nothing was
    executed (see `errors.py`).
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "luno"
    base_url: str = "https://api.luno.com"
    rate_budget: RateBudget | None = RATE_BUDGET
    api_key: Credential
    api_secret: Credential
    quote_life: timedelta = timedelta(seconds=10)
    price_buffer_ppm: Annotated[int, msgspec.Meta(ge=0, le=50_000)] = 500
    refusals_confirmed: frozenset[str] = frozenset()

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not timedelta(seconds=1) <= self.quote_life <= QUOTE_LIFE_MAX:
            raise ValueError("quote_life is from a second to a minute")
