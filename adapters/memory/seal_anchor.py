from collections.abc import Sequence

from domain.ledger.seal import Seal
from domain.ledger.seal_chain import Anchored, anchored
from domain.shared.ids import TenantId


class MemorySealAnchor:
    """Is there once something was written down, as a folder is."""

    def __init__(self) -> None:
        self._lines: dict[TenantId, list[Anchored]] = {}

    async def exists(self) -> bool:
        return bool(self._lines)

    async def tenants(self) -> tuple[TenantId, ...]:
        return tuple(self._lines)

    async def head(self, tenant_id: TenantId) -> Anchored | None:
        lines = self._lines.get(tenant_id, [])
        return lines[-1] if lines else None

    async def append(self, seals: Sequence[Seal]) -> None:
        for seal in seals:
            self._lines.setdefault(seal.header.tenant_id, []).append(anchored(seal))

    async def lines(self, tenant_id: TenantId) -> tuple[Anchored | None, ...]:
        return tuple(self._lines.get(tenant_id, ()))
