from datetime import timedelta
from typing import Annotated

import msgspec
from typing_extensions import override

from adapters.liquidity.settings import Credential, VendorSettings


class BushaSettings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`profile_id` is our own customer at the vendor, on whose balances we trade.

    `expiry_guard` is how long before a quote's expiry it is no longer sent: the difference of the
    clocks and the time a request takes. `quote_life` is the longest that a quote counts as open by
    our own clock, whatever the vendor's says.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "busha"
    base_url: str = "https://api.busha.co"
    api_secret: Credential
    profile_id: Credential
    expiry_guard: timedelta = timedelta(seconds=3)
    quote_life: timedelta = timedelta(seconds=30)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not timedelta(seconds=1) <= self.expiry_guard < self.quote_life:
            raise ValueError("expiry_guard is at least a second, and shorter than quote_life")
