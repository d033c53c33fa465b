import msgspec
import pytest

from domain.tenants.permissions import InsufficientScope, Scope, require_scope
from domain.tenants.tenant import (
    HOUSE_TENANT_ID,
    SHARE_PPM_MAX,
    PricingInvalid,
    PricingPolicy,
    Tenant,
    TenantStatus,
    TenantSuspended,
    require_active,
)
from tests.unit.domain.builders import POLICY, TENANT_ID

TENANT = Tenant(id=TENANT_ID, name="Acacia", status=TenantStatus.ACTIVE, pricing=POLICY)


def test_spreads_add_up_apart_from_the_fee() -> None:
    assert POLICY.spread_ppm == 7_000


@pytest.mark.parametrize("name", ["platform_spread_ppm", "tenant_spread_ppm", "fee_ppm"])
@pytest.mark.parametrize("ppm", [-1, SHARE_PPM_MAX + 1])
def test_share_out_of_range_is_refused(name: str, ppm: int) -> None:
    with pytest.raises(PricingInvalid):
        msgspec.structs.replace(POLICY, **{name: ppm})


def test_largest_shares_leave_a_seller_something() -> None:
    policy = PricingPolicy(
        platform_spread_ppm=SHARE_PPM_MAX, tenant_spread_ppm=SHARE_PPM_MAX, fee_ppm=SHARE_PPM_MAX
    )
    assert policy.spread_ppm < 1_000_000


def test_suspended_tenant_is_refused() -> None:
    require_active(TENANT)
    with pytest.raises(TenantSuspended):
        require_active(msgspec.structs.replace(TENANT, status=TenantStatus.SUSPENDED))


def test_house_id_is_a_uuid_of_version_7_at_time_zero() -> None:
    assert HOUSE_TENANT_ID.version == 7
    assert HOUSE_TENANT_ID.int >> 80 == 0


@pytest.mark.parametrize("scope", list(Scope))
def test_scope_is_granted_by_itself_alone(scope: Scope) -> None:
    require_scope({scope}, scope)
    with pytest.raises(InsufficientScope) as refusal:
        require_scope(set(Scope) - {scope}, scope)
    assert refusal.value.context == {"scope": scope}
