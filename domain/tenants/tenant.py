from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ..shared.errors import Forbidden, RuleViolation
from ..shared.ids import TenantId

# The platform's own books: ledger only, no customers, no keys. Its time part is zero, so no
# generated id can collide with it.
HOUSE_TENANT_ID: Final = TenantId(UUID("00000000-0000-7000-8000-000000000001"))

# A quarter. Above that it is a typing error, and two spreads together stay below the whole, so a
# seller's price stays positive.
SHARE_PPM_MAX: Final = 250_000


class PricingInvalid(RuleViolation):
    code = "pricing_invalid"


class TenantSuspended(Forbidden):
    code = "tenant_suspended"


class TenantStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class PricingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Shares in parts per million. Raises `PricingInvalid`.

    Both spreads are taken from the LP's price, the fee from the amount after spreads.
    """

    platform_spread_ppm: int
    tenant_spread_ppm: int
    fee_ppm: int

    def __post_init__(self) -> None:
        for share in (self.platform_spread_ppm, self.tenant_spread_ppm, self.fee_ppm):
            if not 0 <= share <= SHARE_PPM_MAX:
                raise PricingInvalid("share is out of range", ppm=share, max_ppm=SHARE_PPM_MAX)

    @property
    def spread_ppm(self) -> int:
        return self.platform_spread_ppm + self.tenant_spread_ppm


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    id: TenantId
    name: str
    status: TenantStatus
    pricing: PricingPolicy


def require_active(tenant: Tenant) -> None:
    """Raises `TenantSuspended`. Settling what is already open never asks this."""
    if tenant.status is not TenantStatus.ACTIVE:
        raise TenantSuspended("the tenant is suspended")
