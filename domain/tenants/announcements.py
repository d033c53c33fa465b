"""What is told of a tenant's customers and keys. `metadata` is not: it is read where it is kept."""

from typing import ClassVar

from ..shared.events import Moment, Payload


class _CustomerPayload(Payload, frozen=True, kw_only=True):
    id: str
    external_id: str
    status: str


class CustomerCreated(_CustomerPayload, frozen=True, kw_only=True):
    event_type: ClassVar[str] = "customer.created.v1"


class CustomerUpdated(_CustomerPayload, frozen=True, kw_only=True):
    """Status or metadata changed."""

    event_type: ClassVar[str] = "customer.updated.v1"


class _ApiKeyPayload(Payload, frozen=True, kw_only=True):
    id: str
    scopes: tuple[str, ...]
    status: str
    expires_at: Moment | None


class ApiKeyCreated(_ApiKeyPayload, frozen=True, kw_only=True):
    """If nobody of yours made it, revoke it."""

    event_type: ClassVar[str] = "api_key.created.v1"


class ApiKeyUpdated(_ApiKeyPayload, frozen=True, kw_only=True):
    """Revoked, or about to expire because it was rotated."""

    event_type: ClassVar[str] = "api_key.updated.v1"
