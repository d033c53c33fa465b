"""The store as the machine sees it: books of a new tenant, under the small ids of the histories."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Connection
from msgspec.structs import replace

from adapters.system.ids import SystemIds
from application.ports.ledger_history import Moment, StatementLine, StatementRange
from domain.ledger.account import Account, AccountStatus
from domain.ledger.commands import Batch, Command, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import Entry, HoldCapture, JournalTransaction
from domain.ledger.hold import Hold
from domain.ledger.outcomes import Outcome
from domain.shared.ids import AccountId, HoldId, TenantId, TransactionId
from tests.contract.conftest import make_postgres_ports
from tests.contract.ports import Ports
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import TENANT_TABLES, connected, names

LINES_MAX = 1_000
ACCOUNT = """
INSERT INTO aksum.ledger_accounts (tenant_id, id, owner, code, asset, type, floor_units, status)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::numeric, $8)
"""
BALANCE = """
INSERT INTO aksum.ledger_balances (tenant_id, account_id, sign, floor_units, closed)
VALUES ($1, $2, $3, $4::text::numeric, $5)
"""
DIGEST = """
SELECT '{0}' AS name, coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') AS digest
FROM aksum.{0} t WHERE tenant_id = $1
"""


class Money(NamedTuple):
    posted: int
    held: int
    available: int


class Ids:
    """A real id for each small one. The unknown account and the unknown hold get one as well."""

    def __init__(self) -> None:
        self._real: dict[UUID, UUID] = {}
        self._small: dict[UUID, UUID] = {}
        self._ids = SystemIds()

    def real(self, small: UUID) -> UUID:
        if small not in self._real:
            made = self._ids.new()
            self._real[small], self._small[made] = made, small
        return self._real[small]

    def small(self, real: UUID) -> UUID:
        return self._small[real]


class Store:
    """The ports, and connections past them: a superuser's, and one of the role of the API."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._opened = AsyncExitStack()

    async def open(self) -> None:
        self.ports: Ports = await self._opened.enter_async_context(
            make_postgres_ports(self._database)
        )
        self.admin: Connection = await self._opened.enter_async_context(
            connected(self._database.admin_url)
        )
        self.api: Connection = await self._opened.enter_async_context(
            connected(self._database.api_url)
        )
        self.world = World(self.ports)
        await self.world.prepare()
        self.tables = await names(self.admin, TENANT_TABLES)

    @property
    def ledger_tables(self) -> list[str]:
        return [name for name in self.tables if name.startswith("ledger_")]

    async def close(self) -> None:
        await self._opened.aclose()


class Books:
    def __init__(self, store: Store, accounts: list[Account]) -> None:
        self._store = store
        self._accounts = accounts
        self._ids = Ids()

    async def open(self) -> None:
        """By hand, because the chart opens no credit lines and no closed accounts."""
        self.tenant_id: TenantId = await self._store.world.tenant()
        for each in self._accounts:
            real = self._ids.real(each.id)
            floor = None if each.floor_units is None else str(each.floor_units)
            key = each.key
            row = (key.owner or "", key.code, key.asset, each.type, floor, each.status)
            await self._store.admin.execute(ACCOUNT, self.tenant_id, real, *row)
            if floor is not None:
                sign = each.type.normal_sign
                closed = each.status is AccountStatus.CLOSED
                await self._store.admin.execute(BALANCE, self.tenant_id, real, sign, floor, closed)
        async with self._store.ports.uow.begin(self.tenant_id) as tx:
            # So that they are known, and plain posts are done in one statement.
            await tx.accounts.resolve([each.key for each in self._accounts])
            await tx.commit()

    async def post(self, batch: Batch, *, alone: bool) -> list[Outcome]:
        """In a transaction of its own, or in the caller's."""
        commands = tuple(self._translated(command) for command in batch)
        if alone:
            outcomes = await self._store.ports.ledger.post(self.tenant_id, commands)
        else:
            async with self._store.ports.uow.begin(self.tenant_id) as tx:
                outcomes = await tx.journal.post(commands)
                await tx.commit()
        return [self._translated_back(outcome) for outcome in outcomes]

    async def close_period(self, through: date) -> bool:
        async with self._store.ports.ops_uow.begin(self.tenant_id) as tx:
            closed = await tx.journal.close_period(through, by="ops")
            await tx.commit()
        return closed

    async def money(self) -> dict[AccountId, Money]:
        found: dict[AccountId, Money] = {}
        async with self._store.ports.uow.begin(self.tenant_id) as tx:
            for each in self._accounts:
                view = await tx.accounts.get(AccountId(self._ids.real(each.id)))
                found[each.id] = Money(view.posted, view.balance.held, view.available)
        return found

    async def hold(self, hold_id: HoldId) -> Hold | None:
        async with self._store.ports.uow.begin(self.tenant_id) as tx:
            return await tx.journal.hold(HoldId(self._ids.real(hold_id)))

    async def statement(self, account: Account) -> tuple[StatementLine, ...]:
        """Oldest first."""
        account_id = AccountId(self._ids.real(account.id))
        async with self._store.ports.uow.begin(self.tenant_id) as tx:
            newest = await tx.history.statement(account_id, StatementRange(), limit=LINES_MAX)
        return tuple(reversed(newest))

    async def posted(self, moment: Moment) -> dict[AccountId, int]:
        wanted = [AccountId(self._ids.real(each.id)) for each in self._accounts]
        async with self._store.ports.uow.begin(self.tenant_id) as tx:
            found = await tx.history.posted(wanted, moment)
        return {self.small(real): units for real, units in found.items()}

    def small(self, account_id: UUID) -> AccountId:
        return AccountId(self._ids.small(account_id))

    async def now(self) -> datetime:
        """The server's clock: whatever is booked already was booked before."""
        now: datetime = await self._store.admin.fetchval("SELECT clock_timestamp()")
        return now

    async def fold(self, transactions_max: int) -> None:
        closed_until = await self._store.ports.ledger_clock.advance()
        if closed_until is None:
            return
        async with self._store.ports.worker_uow.begin(self.tenant_id) as tx:
            await tx.folds.fold(closed_until, transactions_min=1, transactions_max=transactions_max)
            await tx.commit()

    async def digests(self) -> Mapping[str, str]:
        """Of all rows of the tenant, by table."""
        tables = (DIGEST.format(name) for name in self._store.tables)
        rows = await self._store.admin.fetch(" UNION ALL ".join(tables), self.tenant_id)
        return {row["name"]: row["digest"] for row in rows}

    def _translated(self, command: Command) -> Command:
        match command:
            case Post():
                return replace(command, transaction=self._transaction(command.transaction))
            case PlaceHold(hold=hold):
                real = replace(
                    hold,
                    id=HoldId(self._ids.real(hold.id)),
                    account_id=AccountId(self._ids.real(hold.account_id)),
                )
                return replace(command, hold=real)
            case ReleaseHold() | ExpireHold():
                return replace(command, hold_id=HoldId(self._ids.real(command.hold_id)))

    def _transaction(self, small: JournalTransaction) -> JournalTransaction:
        reverses = small.reverses and TransactionId(self._ids.real(small.reverses))
        return replace(
            small,
            id=TransactionId(self._ids.real(small.id)),
            reverses=reverses,
            entries=tuple(
                Entry(AccountId(self._ids.real(leg.account_id)), leg.asset, leg.units)
                for leg in small.entries
            ),
            captures=tuple(
                HoldCapture(HoldId(self._ids.real(each.hold_id)), each.units, each.final)
                for each in small.captures
            ),
        )

    def _translated_back(self, outcome: Outcome) -> Outcome:
        real = outcome.transaction_id
        small = None if real is None else TransactionId(self._ids.small(real))
        return replace(outcome, transaction_id=small)
