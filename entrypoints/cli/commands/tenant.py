from collections.abc import Mapping

import click
from dishka import AsyncContainer

from application.ports.parties import StoredTenant
from application.tenants.create_tenant import CreateTenant, CreateTenantCommand
from application.tenants.set_tenant_status import SetTenantStatus
from domain.shared.ids import IdPrefix, TenantId, encode_id
from domain.tenants.tenant import PricingPolicy, TenantStatus
from entrypoints.cli.operator import TENANT, TEXT, partners, run
from entrypoints.cli.output import json_option, print_object, print_rows

COLUMNS = ("id", "name", "status", "platform_spread_ppm", "tenant_spread_ppm", "fee_ppm", "version")


@click.group()
def tenant() -> None:
    """Partners: make, list, suspend and resume them."""


@tenant.command()
@click.option("--name", type=TEXT, required=True)
@click.option("--platform-spread-ppm", type=int, default=0, show_default=True)
@click.option("--tenant-spread-ppm", type=int, default=0, show_default=True)
@click.option("--fee-ppm", type=int, default=0, show_default=True)
@json_option
def create(
    name: str, platform_spread_ppm: int, tenant_spread_ppm: int, fee_ppm: int, as_json: bool
) -> None:
    """Make a partner with its pricing, in millionths. It gets a key with `aksum api-key create`."""
    pricing = PricingPolicy(
        platform_spread_ppm=platform_spread_ppm,
        tenant_spread_ppm=tenant_spread_ppm,
        fee_ppm=fee_ppm,
    )

    async def work(container: AsyncContainer) -> StoredTenant:
        return await (await container.get(CreateTenant)).execute(CreateTenantCommand(name, pricing))

    print_object(shown(run(work)), as_json=as_json)


@tenant.command(name="list")
@json_option
def list_tenants(as_json: bool) -> None:
    """All partners, oldest first."""
    print_rows([shown(each) for each in run(partners)], COLUMNS, as_json=as_json)


@tenant.command()
@click.argument("tenant_id", type=TENANT)
@json_option
def suspend(tenant_id: TenantId, as_json: bool) -> None:
    """Stop new quotes, orders and transfers. What is open is finished; reading goes on."""
    print_object(shown(_set(tenant_id, TenantStatus.SUSPENDED)), as_json=as_json)


@tenant.command()
@click.argument("tenant_id", type=TENANT)
@json_option
def resume(tenant_id: TenantId, as_json: bool) -> None:
    """End a suspension."""
    print_object(shown(_set(tenant_id, TenantStatus.ACTIVE)), as_json=as_json)


def _set(tenant_id: TenantId, status: TenantStatus) -> StoredTenant:
    async def work(container: AsyncContainer) -> StoredTenant:
        return await (await container.get(SetTenantStatus)).execute(tenant_id, status)

    return run(work)


def shown(stored: StoredTenant) -> Mapping[str, object]:
    pricing = stored.tenant.pricing
    return {
        "id": encode_id(IdPrefix.TENANT, stored.tenant.id),
        "name": stored.tenant.name,
        "status": stored.tenant.status.value,
        "platform_spread_ppm": pricing.platform_spread_ppm,
        "tenant_spread_ppm": pricing.tenant_spread_ppm,
        "fee_ppm": pricing.fee_ppm,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
        "version": stored.version,
    }
