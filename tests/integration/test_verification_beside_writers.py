"""Verification of books that are being written to, and what it costs when little is new."""

import asyncio
from typing import Final

from application.ports.verification import Finding
from tests.fixtures.postgres_servers import Database
from tests.integration.audited_history import fold_everything
from tests.integration.commands import accepted, quoted
from tests.integration.stack import open_stack

TRADERS: Final = 3
ROUNDS: Final = 2


async def test_verification_beside_running_trades_reports_no_false_alarm(
    database: Database,
) -> None:
    """Nor do folds that go on all the while: what is verified and what is folded meet anywhere."""
    async with open_stack(database) as stack:
        tenant_id = await stack.tenant()
        customer = await stack.customer(tenant_id, usdt=1_000_000)

        enough = asyncio.Event()

        async def trade() -> None:
            while not enough.is_set():
                await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer))
                await stack.mirror_all()

        traders = [asyncio.create_task(trade()) for _ in range(TRADERS)]
        found: list[Finding] = []
        read: list[tuple[int, int]] = []
        for _ in range(ROUNDS):
            for full in (False, True):
                verification = await stack.verified(full=full)
                found += verification.findings
                read.append((verification.entries_read, verification.entries))
                await fold_everything(stack, tenant_id)
        enough.set()
        await asyncio.gather(*traders)
        assert found == []
        assert any(newly < entries for newly, entries in read)
