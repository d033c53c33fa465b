"""Tenants and their API keys."""

from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.parties import ApiKey, KeyStatus, StoredTenant
from application.tenants.api_keys import OVERLAP, OVERLAP_MAX
from application.tenants.key_text import Environment
from domain.shared.ids import IdPrefix, encode_id
from domain.tenants.permissions import Scope
from domain.tenants.tenant import SHARE_PPM_MAX, TenantStatus
from entrypoints.http.schemas.values import (
    ApiKeyRef,
    Body,
    Line,
    TenantRef,
    Timestamp,
    maybe_timestamp,
    timestamp,
)

Share = Annotated[int, Meta(ge=0, le=SHARE_PPM_MAX, description="Parts per million.")]


class CreateApiKeyBody(Body, frozen=True, kw_only=True):
    label: Line
    scopes: Annotated[set[Scope], Meta(min_length=1)]


class RotateApiKeyBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """The old key works for this much longer."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=int(OVERLAP_MAX.total_seconds()))] = int(
        OVERLAP.total_seconds()
    )


class ApiKeyBody(msgspec.Struct, frozen=True, kw_only=True):
    """`prefix` is the public beginning of the key; the key itself is never shown again."""

    id: ApiKeyRef
    prefix: str
    label: str
    scopes: list[Scope]
    status: KeyStatus
    expires_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class NewApiKeyBody(ApiKeyBody, frozen=True, kw_only=True):
    """`key` is shown this once. It is null when the request had been made before."""

    key: str | None


class PricingBody(Body, frozen=True, kw_only=True):
    platform_spread_ppm: Share
    tenant_spread_ppm: Share
    fee_ppm: Share


class CreateTenantBody(Body, frozen=True, kw_only=True):
    name: Line
    pricing: PricingBody


class UpdateTenantBody(Body, frozen=True, kw_only=True):
    status: TenantStatus


class TenantBody(msgspec.Struct, frozen=True, kw_only=True):
    id: TenantRef
    name: str
    status: TenantStatus
    pricing: PricingBody
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def api_key_body(key: ApiKey, environment: Environment) -> ApiKeyBody:
    return ApiKeyBody(
        id=encode_id(IdPrefix.API_KEY, key.id),
        prefix=f"ak_{environment}_{key.lookup}",
        label=key.label,
        scopes=sorted(key.scopes),
        status=key.status,
        expires_at=maybe_timestamp(key.expires_at),
        created_at=timestamp(key.created_at),
        updated_at=timestamp(key.updated_at),
        version=key.version,
    )


def new_api_key_body(key: ApiKey, environment: Environment, *, text: str | None) -> NewApiKeyBody:
    shown = msgspec.structs.asdict(api_key_body(key, environment))
    return NewApiKeyBody(**shown, key=text)


def tenant_body(stored: StoredTenant) -> TenantBody:
    tenant = stored.tenant
    return TenantBody(
        id=encode_id(IdPrefix.TENANT, tenant.id),
        name=tenant.name,
        status=tenant.status,
        pricing=PricingBody(
            platform_spread_ppm=tenant.pricing.platform_spread_ppm,
            tenant_spread_ppm=tenant.pricing.tenant_spread_ppm,
            fee_ppm=tenant.pricing.fee_ppm,
        ),
        created_at=timestamp(stored.created_at),
        updated_at=timestamp(stored.updated_at),
        version=stored.version,
    )
