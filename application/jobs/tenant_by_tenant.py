"""Work that is found by tenant, done so that a tenant for whom it fails stops no other."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence

from application.errors import Overloaded
from domain.shared.ids import TenantId

Find = Callable[[Collection[TenantId]], Awaitable[Sequence[TenantId]]]
"""Whoever has something due, except those named."""

_log = logging.getLogger(__name__)


async def tenant_by_tenant(
    find: Find, do: Callable[[TenantId], Awaitable[int]], *, what: str
) -> int:
    """How much was done in all. Raises `Overloaded`.

    Any other failure is logged, and who is due is looked for again without that tenant: what stays
    undone is the oldest there is, and would fill every look.
    """
    done = 0
    failed: set[TenantId] = set()
    while True:
        failures = len(failed)
        for tenant_id in await find(failed):
            try:
                done += await do(tenant_id)
            except Overloaded:
                raise
            except Exception:  # noqa: BLE001 - one tenant must not stop the others
                _log.exception("%s of tenant %s failed", what, tenant_id)
                failed.add(tenant_id)
        if len(failed) == failures:
            return done
