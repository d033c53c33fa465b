from typing import Annotated

import msgspec

from adapters.liquidity.settings import Credential, VendorSettings


class B2c2Settings(VendorSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`api_secret` is the vendor's token; it gives no key beside it, and looks at our address."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")] = "b2c2"
    base_url: str = "https://api.b2c2.net"
    api_key: str = ""
    api_secret: Credential
