"""Everything that seals and checks seals over one database, with the rights each has in life."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from adapters.postgres.connection import create_pool
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.system.file_signer import FileSigner, FileTrustedKeys, make_key
from adapters.system.seal_anchor import FileSealAnchor
from application.ledger.begin_epoch import BeginEpoch
from application.ledger.prove_transaction import ProveTransaction
from application.ledger.seal_ledger import SealLedger
from application.ledger.verify_seals import SealVerification, VerifySeals
from application.ports.seals import SealAnchor
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.entry import JournalTransaction
from domain.ledger.seal import Seal
from domain.shared.ids import IdPrefix, TenantId, encode_id
from tests.contract.conftest import make_postgres_ports
from tests.contract.ledger_clock_contract import closed_after
from tests.contract.transfers import Payer, moving
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected

SEALED_TABLES: Final = ("ledger_transactions", "ledger_entries", "ledger_seals")
BLOCK: Final = 3  # transactions, so that a few of them make several blocks


class Sealing:
    def __init__(
        self, database: Database, world: World, ops_uow: UnitOfWork, root: Path, *, block: int
    ) -> None:
        self.database, self.world = database, world
        self.key, self.trusted = root / "key.pem", root / "trusted"
        self.anchor = FileSealAnchor(root / "anchor")
        if not self.key.exists():  # or else the one that sealed before goes on
            make_key(self.key, self.trusted)
        self.signer = FileSigner(self.key, self.trusted)
        self.block = block
        self.seal_ledger = self.sealer(self.anchor)
        keys, clock = FileTrustedKeys(self.trusted), world.ports.clock
        self.verify_seals = VerifySeals(uow=ops_uow, keys=keys, anchor=self.anchor, clock=clock)
        self.prove = ProveTransaction(uow=ops_uow)
        self.begin_epoch = BeginEpoch(
            uow=world.ports.worker_uow, signer=self.signer, anchor=self.anchor, clock=clock
        )

    def sealer(self, anchor: SealAnchor, *, signer: FileSigner | None = None) -> SealLedger:
        return SealLedger(
            uow=self.world.ports.worker_uow,
            ledger_clock=self.world.ports.ledger_clock,
            signer=signer or self.signer,
            anchor=anchor,
            clock=self.world.ports.clock,
            transactions_max=self.block,
        )

    async def close(self) -> None:
        """Time up to now."""
        assert await closed_after(self.world, self.world.now)

    async def seal(self, tenant_id: TenantId) -> tuple[Seal, ...]:
        """All that is booked by now."""
        await self.close()
        closed_until = await self.world.ports.ledger_clock.closed_until()
        assert closed_until is not None
        made: list[Seal] = []
        while True:
            more = await self.seal_ledger.seal(tenant_id, closed_until=closed_until)
            made += more
            if not more:
                return tuple(made)

    async def sealed(self, count: int) -> tuple[Payer, list[JournalTransaction]]:
        """A tenant of its own with deposits and that many transfers after them, all sealed."""
        payer, moved = await moving(self.world, count)
        await self.seal(payer.tenant_id)
        return payer, moved

    async def verified(self, tenant_id: TenantId, *, full: bool = True) -> SealVerification:
        return await self.verify_seals.execute(full=full, tenants=(tenant_id,))

    async def checks(self, tenant_id: TenantId) -> set[str]:
        return {finding.check for finding in (await self.verified(tenant_id)).findings}

    @asynccontextmanager
    async def tampering(self) -> AsyncIterator[asyncpg.Connection]:
        """A superuser who has switched off whatever would refuse, and leaves no trace of that."""
        async with connected(self.database.admin_url) as connection, connection.transaction():
            await connection.execute("SET LOCAL search_path = aksum")
            for table in SEALED_TABLES:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
            for table in SEALED_TABLES:
                await connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")

    async def tamper(self, statement: str, *args: object) -> None:
        async with self.tampering() as connection:
            assert await connection.execute(statement, *args) not in {"UPDATE 0", "DELETE 0"}

    async def cut_after(self, tenant_id: TenantId, number: int) -> None:
        """Blocks above `number`, and all rows in them and later, as if they had never been."""
        async with self.tampering() as connection:
            end = await connection.fetchval(
                "SELECT booked_to FROM ledger_seals WHERE tenant_id = $1 AND block_no = $2",
                tenant_id,
                number,
            )
            await connection.execute(
                "DELETE FROM ledger_seals WHERE tenant_id = $1 AND block_no > $2",
                tenant_id,
                number,
            )
            for table in ("ledger_transactions", "ledger_entries"):
                await connection.execute(
                    f"DELETE FROM {table} WHERE tenant_id = $1 AND booked_at >= $2", tenant_id, end
                )


@asynccontextmanager
async def open_sealing(
    database: Database, root: Path, *, block: int = BLOCK
) -> AsyncIterator[Sealing]:
    async with (
        make_postgres_ports(database) as ports,
        await create_pool(database.ops_url, size=2, application_name="test") as ops,
    ):
        world = World(ports)
        await world.prepare()
        uow = PostgresUnitOfWork(main=ops, record=ops, known=KnownAccounts())
        yield Sealing(database, world, uow, root, block=block)


def name(transaction: JournalTransaction) -> str:
    return encode_id(IdPrefix.TRANSACTION, transaction.id)
