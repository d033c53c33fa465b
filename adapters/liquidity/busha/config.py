from datetime import timedelta
from typing import Annotated, Final

import msgspec
from typing_extensions import override

from adapters.http_client.budget import RateBudget
from adapters.liquidity.settings import Credential, VendorSettings

# Calls of all kinds.
RATE_BUDGET: Final = RateBudget(tokens=100, per_ms=60_000)


class BushaSettings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`profile_id`, `api_key` in the settings' file, is our own customer at the vendor, on whose
    balances we trade.

    `expiry_guard` is how much earlier than the vendor says a quote counts as expired: the time a
    request takes, and what the clocks differ. `quote_life` is the longest that a quote counts as
    open by our own clock, the guard included, whatever the vendor's says.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "busha"
    base_url: str = "https://api.busha.co"
    rate_budget: RateBudget | None = RATE_BUDGET
    api_secret: Credential
    profile_id: Credential = msgspec.field(name="api_key")
    expiry_guard: timedelta = timedelta(seconds=3)
    quote_life: timedelta = timedelta(seconds=30)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not timedelta(seconds=1) <= self.expiry_guard < self.quote_life:
            raise ValueError("expiry_guard is at least a second, and shorter than quote_life")
