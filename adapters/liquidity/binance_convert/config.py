from typing import Annotated, Final

import msgspec

from adapters.http_client.budget import RateBudget
from adapters.liquidity.settings import Credential, Milliseconds, VendorSettings

# By account, in the weights of `wire.py`.
RATE_BUDGET: Final = RateBudget(tokens=180_000, per_ms=60_000)


class BinanceConvertSettings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`refusals_confirmed` are error codes of which the vendor has put in writing that nothing was
    executed (see `errors.py`). `wallet_type` and `valid_time` are Binance's own words.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "binance_convert"
    base_url: str = "https://api.binance.com"
    rate_budget: RateBudget | None = RATE_BUDGET
    api_key: Credential
    api_secret: Credential
    wallet_type: Annotated[str, msgspec.Meta(pattern="^[A-Z_]+$")] = "SPOT"
    valid_time: Annotated[str, msgspec.Meta(pattern="^(10s|30s|1m)$")] = "10s"
    recv_window_ms: Milliseconds = 5_000
    refusals_confirmed: frozenset[str] = frozenset()
