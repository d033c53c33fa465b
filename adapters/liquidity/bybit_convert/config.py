from typing import Annotated, Final

import msgspec

from adapters.http_client.budget import RateBudget
from adapters.liquidity.settings import Credential, Milliseconds, VendorSettings

# Of POSTs to one endpoint; GETs have twice as much.
RATE_BUDGET: Final = RateBudget(tokens=50, per_ms=1_000)


class BybitConvertSettings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`account_type` is Bybit's own word for the wallet that is paid from and into."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "bybit_convert"
    base_url: str = "https://api.bybit.com"
    rate_budget: RateBudget | None = RATE_BUDGET
    api_key: Credential
    api_secret: Credential
    account_type: Annotated[str, msgspec.Meta(pattern="^[a-z_]{1,64}$")] = "eb_convert_funding"
    recv_window_ms: Milliseconds = 5_000
