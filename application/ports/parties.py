"""Tenants, their keys and their customers."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from domain.shared.ids import ApiKeyId, CustomerId, OperatorId, TenantId
from domain.tenants.permissions import Scope
from domain.tenants.tenant import Tenant


class StoredTenant(msgspec.Struct, frozen=True, kw_only=True):
    tenant: Tenant
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Tenants(Protocol):
    @abstractmethod
    async def add(self, stored: StoredTenant) -> None:
        """A new partner, or the house itself when the id is the house's. Repeating is harmless."""
        ...

    @abstractmethod
    async def get(self) -> StoredTenant:
        """The transaction's own tenant. Raises `NotFound`."""
        ...

    @abstractmethod
    async def update(self, stored: StoredTenant) -> None:
        """The status alone changes; name and pricing stay as they were added.

        Raises `VersionConflict` unless the stored version is the one before.
        """
        ...

    @abstractmethod
    async def partners(self) -> tuple[StoredTenant, ...]:
        """All partners, oldest first; only in a transaction of the house tenant."""
        ...


class KeyStatus(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """`lookup` is the public part of the key; the secret is known only by its SHA-256.

    `operator_id` is the person whose key it is and `label` their name, on operators' keys alone.
    """

    id: ApiKeyId
    lookup: str
    secret_hash: bytes
    scopes: frozenset[Scope]
    label: str
    operator_id: OperatorId | None = None
    status: KeyStatus = KeyStatus.ACTIVE
    expires_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1


class ApiKeys(Protocol):
    @abstractmethod
    async def add(self, key: ApiKey) -> None:
        """Also enters it into the directory that leads from a key to its tenant.

        Raises `OperatorHasKey` when there is another operator's key without an end that is active
        and of the same person or name, whatever the caller has checked.
        """
        ...

    @abstractmethod
    async def find(self, lookup: str) -> ApiKey | None: ...

    @abstractmethod
    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Raises `NotFound`."""
        ...

    @abstractmethod
    async def list(self) -> tuple[ApiKey, ...]: ...

    @abstractmethod
    async def update(self, key: ApiKey) -> None: ...


class AccessDirectory(Protocol):
    @abstractmethod
    async def tenant_of_key(self, lookup: str) -> TenantId | None:
        """The one thing that is known before a tenant is."""
        ...


class CustomerStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    id: CustomerId
    external_id: str
    status: CustomerStatus = CustomerStatus.ACTIVE
    metadata: dict[str, str] = {}
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Customers(Protocol):
    @abstractmethod
    async def add(self, customer: Customer) -> None:
        """Raises `CustomerExists` when the external id is taken."""
        ...

    @abstractmethod
    async def get(self, customer_id: CustomerId) -> Customer:
        """Raises `CustomerNotFound`."""
        ...

    @abstractmethod
    async def find_all(self, ids: Collection[CustomerId]) -> Mapping[CustomerId, Customer]:
        """Those of `ids` that exist, in one look."""
        ...

    @abstractmethod
    async def update(self, customer: Customer) -> None:
        """Raises `VersionConflict` unless the stored version is the one before."""
        ...

    @abstractmethod
    async def page(
        self, *, external_id: str | None, before: CustomerId | None, limit: int
    ) -> tuple[Customer, ...]:
        """Newest first."""
        ...
