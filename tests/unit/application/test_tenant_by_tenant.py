from collections.abc import Collection
from uuid import UUID

import pytest

from application.errors import Overloaded
from application.jobs.tenant_by_tenant import tenant_by_tenant
from domain.shared.ids import TenantId

STUCK, FINE, LATE = (TenantId(UUID(int=number)) for number in (1, 2, 3))


class Table:
    """Finds one tenant at a look, the oldest; what fails stays."""

    def __init__(self) -> None:
        self.due = [STUCK, FINE, LATE]

    async def find(self, besides: Collection[TenantId]) -> list[TenantId]:
        return [each for each in self.due if each not in besides][:1]

    async def do(self, tenant_id: TenantId) -> int:
        if tenant_id == STUCK:
            raise RuntimeError("as ever")
        self.due.remove(tenant_id)
        return 5


async def test_tenant_that_always_fails_keeps_nobody_from_their_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = Table()
    # One look that nothing fails in is enough; the caller comes again while there is more.
    assert await tenant_by_tenant(table.find, table.do, what="sweeping") == 5
    assert await tenant_by_tenant(table.find, table.do, what="sweeping") == 5
    assert await tenant_by_tenant(table.find, table.do, what="sweeping") == 0
    assert table.due == [STUCK]
    assert [each.getMessage() for each in caplog.records] == [
        f"sweeping of tenant {STUCK} failed"
    ] * 3


async def test_overload_ends_the_pass() -> None:
    async def do(_: TenantId) -> int:
        raise Overloaded("no connection is free")

    with pytest.raises(Overloaded):
        await tenant_by_tenant(Table().find, do, what="sweeping")
