"""What each tenant may still take of what an LP can take, and how that is handed out.

Capacity is what an LP can take of one asset: what lies with it, or what it gives on credit. Each
tenant has a quota of it, so that no acceptance ever waits for another tenant's. An acceptance
reserves; a fill keeps what was reserved as used; and once the house's books show the trade, the
quota ends together with the capacity that it stood for. A rejection frees what was reserved. An
outcome that nobody knows stays reserved: it may have been filled.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from ..shared.errors import RuleViolation, invariant
from ..shared.ids import TenantId

# A tenant is given this many times what it has reserved of late, before what is left is shared.
DEMAND_FACTOR: Final = 4
# Less than this part of a quota is not taken back: each row is a write.
LEEWAY_PART: Final = 16


class LpQuotaShort(RuleViolation):
    """What the tenant may still take from the LP does not cover it."""

    code = "lp_quota_short"


class LpQuota(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one asset that a tenant may have under way at one LP.

    `reserved_units` wait for their outcome; `used_units` were filled and are not yet in the house's
    books; `drawn_units` is what was reserved of late, fading. `fence` is the token of the last
    refill that claimed the row: an older one writes nothing.
    """

    quota_units: int = 0
    reserved_units: int = 0
    used_units: int = 0
    drawn_units: int = 0
    fence: int = 0

    def __post_init__(self) -> None:
        invariant(min(self.reserved_units, self.used_units, self.drawn_units) >= 0, "below zero")
        invariant(self.committed_units <= self.quota_units, "more under way than handed out")

    @property
    def committed_units(self) -> int:
        return self.reserved_units + self.used_units

    @property
    def free_units(self) -> int:
        return self.quota_units - self.committed_units


def reserved(quota: LpQuota, units: int) -> LpQuota:
    """Raises `LpQuotaShort`."""
    if units > quota.free_units:
        raise LpQuotaShort("the quota does not cover it", free_units=str(quota.free_units))
    return replace(
        quota,
        reserved_units=quota.reserved_units + units,
        drawn_units=quota.drawn_units + units,
    )


def released(quota: LpQuota, units: int) -> LpQuota:
    """It was rejected, provably."""
    return replace(quota, reserved_units=quota.reserved_units - units)


def filled(quota: LpQuota, units: int) -> LpQuota:
    return replace(
        quota,
        reserved_units=quota.reserved_units - units,
        used_units=quota.used_units + units,
    )


def booked(quota: LpQuota, units: int) -> LpQuota:
    """The house's books show it: what it stood for is gone."""
    return replace(
        quota,
        quota_units=quota.quota_units - units,
        used_units=quota.used_units - units,
    )


def claimed(quota: LpQuota, fence: int) -> LpQuota:
    """By a refill; what was drawn counts half as much from now on."""
    return replace(quota, drawn_units=quota.drawn_units // 2, fence=fence)


def targets(capacity: int, quotas: Mapping[TenantId, LpQuota]) -> Mapping[TenantId, int]:
    """How much each tenant should have.

    What is under way stays. Of the rest, everybody gets what they have been asking for, the
    smallest wish first, and when that is not possible nobody gets more than who gets less than they
    wished; what is then left is shared evenly. All of them together are `capacity`, or what is
    under way when that is more.
    """
    committed = {tenant: quota.committed_units for tenant, quota in quotas.items()}
    spare = max(0, capacity - sum(committed.values()))
    wishes = {tenant: quota.drawn_units * DEMAND_FACTOR for tenant, quota in quotas.items()}
    granted = _granted(spare, wishes)
    rest = _evenly(spare - sum(granted.values()), sorted(quotas))
    return {tenant: committed[tenant] + granted[tenant] + rest[tenant] for tenant in quotas}


def lowered(quota: LpQuota, target: int) -> LpQuota:
    """Never below what is under way, and not for a trifle."""
    floor = max(target, quota.committed_units)
    if quota.quota_units - floor <= quota.quota_units // LEEWAY_PART:
        return quota
    return replace(quota, quota_units=floor)


def raises(
    capacity: int, handed_out: Mapping[TenantId, int], wanted: Mapping[TenantId, int]
) -> Mapping[TenantId, int]:
    """What to add to whom, now that `handed_out` is what each quota is: never beyond `capacity`.

    When it does not reach, those who miss least are made whole first, and the others share evenly.
    """
    room = max(0, capacity - sum(handed_out.values()))
    missing = {
        tenant: wanted[tenant] - units
        for tenant, units in handed_out.items()
        if wanted[tenant] > units
    }
    added = _granted(room, missing)
    return {tenant: units for tenant, units in added.items() if units > 0}


def _granted(spare: int, wishes: Mapping[TenantId, int]) -> dict[TenantId, int]:
    """The smallest wish first; who comes later shares what is left evenly."""
    granted: dict[TenantId, int] = {}
    for position, tenant in enumerate(sorted(wishes, key=lambda each: (wishes[each], each))):
        share = spare // (len(wishes) - position)
        granted[tenant] = min(wishes[tenant], share)
        spare -= granted[tenant]
    return granted


def _evenly(spare: int, tenants: list[TenantId]) -> dict[TenantId, int]:
    if not tenants:
        return {}
    share, odd = divmod(spare, len(tenants))
    return {tenant: share + (position < odd) for position, tenant in enumerate(tenants)}
