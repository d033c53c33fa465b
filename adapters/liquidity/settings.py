"""What the settings of every dialect have; each adds its vendor's own words."""

from datetime import timedelta
from typing import Annotated

import msgspec
from typing_extensions import override

from adapters.http_client.budget import RateBudget
from domain.liquidity.quote import LpName

Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=60_000)]
Credential = Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]


class VendorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sandbox` allows plain HTTP and sends fault names along; it must be off towards the vendor.

    `rate_budget` None: we ask as often as we like. `absence_margin` is how long after a quote's
    expiry the vendor's records count as final.
    Raises `ValueError`.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")]
    base_url: str
    sandbox: bool = False
    connect_timeout_ms: Milliseconds = 1_000
    quote_timeout_ms: Milliseconds = 2_000
    execute_timeout_ms: Milliseconds = 3_000
    lookup_timeout_ms: Milliseconds = 2_000
    absence_margin: timedelta = timedelta(seconds=60)
    rate_budget: RateBudget | None = None
    reference_fresh_for: timedelta = timedelta(minutes=10)
    reference_usable_for: timedelta = timedelta(hours=6)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(
            "https://" if not self.sandbox else ("https://", "http://")
        ):
            raise ValueError("base_url must be https outside a sandbox")
        if self.base_url.endswith("/"):
            raise ValueError("base_url must not end with a slash")
        if self.absence_margin < timedelta(0):
            raise ValueError("absence_margin must not be negative")

    @override
    def __repr__(self) -> str:
        """Without secrets: settings end up in logs and tracebacks."""
        return f"{type(self).__name__}(name={self.name!r}, base_url={self.base_url!r})"

    @property
    def lp(self) -> LpName:
        return LpName(self.name)
