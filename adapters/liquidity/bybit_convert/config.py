from typing import Annotated

import msgspec

from adapters.liquidity.settings import Credential, Milliseconds, VendorSettings


class BybitConvertSettings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`account_type` is Bybit's own word for the wallet that is paid from and into."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "bybit_convert"
    base_url: str = "https://api.bybit.com"
    api_key: Credential
    api_secret: Credential
    account_type: Annotated[str, msgspec.Meta(pattern="^[a-z_]{1,64}$")] = "eb_convert_funding"
    recv_window_ms: Milliseconds = 5_000
