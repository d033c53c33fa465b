"""Who is calling, and may they call this."""

from typing import Final

from application.errors import Unauthenticated
from application.tenants.authenticate import Authenticate, Principal
from domain.tenants.permissions import InsufficientScope, Scope, require_scope
from domain.tenants.tenant import HOUSE_TENANT_ID

_SCHEME: Final = "bearer"


async def authorize(
    authenticate: Authenticate, authorization: str | None, needed: Scope
) -> Principal:
    """Raises `Unauthenticated` or `InsufficientScope`."""
    scheme, _, presented = (authorization or "").partition(" ")
    if scheme.lower() != _SCHEME:
        raise Unauthenticated("send your API key as `Authorization: Bearer ak_…`")
    principal = await authenticate.execute(presented.strip())
    # Operators act on the platform and partners within their tenant, whatever scopes a key has.
    if (needed is Scope.OPERATOR) != (principal.tenant_id == HOUSE_TENANT_ID):
        raise InsufficientScope("operators use /admin/v1, and nobody else does", scope=needed)
    require_scope(principal.scopes, needed)
    return principal
