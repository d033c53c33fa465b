"""Clients that post or read as fast as they are answered, as one process has them."""

import asyncio
import random
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter_ns
from typing import Final

from dishka import AsyncContainer
from uuid_utils.compat import uuid7

from application.errors import Overloaded
from application.ports.ledger import Ledger
from application.ports.ledger_history import BookedBy, StatementRange
from application.ports.unit_of_work import UnitOfWork
from domain.ledger.account import AccountCode, AccountKey
from domain.ledger.commands import Batch, Post
from domain.ledger.entry import Entry, JournalTransaction
from domain.shared.ids import AccountId, TransactionId
from domain.shared.money import AssetCode
from entrypoints.cli.bench.ledger.task import Books, Done, Kind, Task

NS: Final = 1_000_000_000
NS_PER_US: Final = 1_000
RESOLVED_AT_ONCE: Final = 1_000
STATEMENT_LINES: Final = 50
# Entries of the accounts that are read were booked over an hour.
SPREAD_SECONDS: Final = 3_000
ERRORS_MAX: Final = 100


class Load:
    def __init__(self, container: AsyncContainer, books: Books) -> None:
        self._container = container
        self._books = books
        self._asset = AssetCode(books.asset)
        self._customers: list[AccountId] = []
        self._random = random.Random()  # noqa: S311 - nobody guesses at it

    async def prepare(self) -> None:
        """Resolves every account, so that posts know which are strict."""
        self._uow: UnitOfWork = await self._container.get(UnitOfWork)
        self._ledger: Ledger = await self._container.get(Ledger)
        house = AccountKey(AccountCode.FEE_REVENUE, self._asset)
        owners = self._books.owners
        for start in range(0, len(owners), RESOLVED_AT_ONCE):
            keys = [
                AccountKey(AccountCode.CUSTOMER, self._asset, owner)
                for owner in owners[start : start + RESOLVED_AT_ONCE]
            ]
            async with self._uow.begin(self._books.tenant_id) as tx:
                found = await tx.accounts.resolve([*keys, house])
                await tx.commit()
            self._customers += [found[key] for key in keys]
            self._house = found[house]

    async def do(self, task: Task) -> Done:
        call = self._call(task)
        ended, took = array("q"), array("q")
        errors: Counter[str] = Counter()
        start = perf_counter_ns() + task.warm_up * NS
        end = start + task.seconds * NS

        async def client() -> None:
            while (began := perf_counter_ns()) < end and errors.total() < ERRORS_MAX:
                try:
                    await call()
                except Overloaded as error:
                    errors[str(error)] += 1
                    continue
                now = perf_counter_ns()
                ended.append(now)
                took.append(now - began)

        await asyncio.gather(*(client() for _ in range(task.clients)))
        inside = sorted(each for at, each in zip(ended, took, strict=True) if start <= at < end)
        return Done(
            calls=len(inside),
            commands=len(inside) * task.per_call,
            p50_us=_percentile(inside, 50),
            p99_us=_percentile(inside, 99),
            errors=dict(errors),
        )

    def _call(self, task: Task) -> Callable[[], Awaitable[None]]:
        match task.kind:
            case Kind.INSIDE:
                return self._inside
            case Kind.HOT | Kind.RANDOM:
                make = self._hot if task.kind is Kind.HOT else self._between
                return lambda: self._post(make, task.per_call)
            case Kind.BALANCE | Kind.AS_OF | Kind.STATEMENT:
                return lambda: self._read(task)

    async def _post(self, make: Callable[[datetime], Post], count: int) -> None:
        at = datetime.now(UTC)
        batch: Batch = tuple([make(at) for _ in range(count)])
        outcomes = await self._ledger.post(self._books.tenant_id, batch)
        if not all(outcome.accepted for outcome in outcomes):
            raise Overloaded("a post was refused")

    async def _inside(self) -> None:
        """As a use case does it: at once, or else the long way in a transaction of its own."""
        post = self._hot(datetime.now(UTC))
        async with self._uow.begin(self._books.tenant_id) as tx:
            if await tx.journal.post_at_once(post):
                await tx.commit()
                return
        async with self._uow.begin(self._books.tenant_id) as tx:
            (outcome,) = await tx.journal.post((post,))
            if not outcome.accepted:
                raise Overloaded("a post was refused")
            await tx.commit()

    async def _read(self, task: Task) -> None:
        if task.account_id is None:
            raise ValueError("a read names its account")
        async with self._uow.begin(self._books.tenant_id) as tx:
            if task.kind is Kind.BALANCE:
                await tx.accounts.get(task.account_id)
            elif task.kind is Kind.AS_OF:
                ago = timedelta(seconds=self._random.randrange(SPREAD_SECONDS))
                at = BookedBy(datetime.now(UTC) - ago)
                await tx.history.posted((task.account_id,), at)
            else:
                await tx.history.statement(task.account_id, StatementRange(), limit=STATEMENT_LINES)

    def _hot(self, at: datetime) -> Post:
        return self._moved(self._random.choice(self._customers), self._house, at)

    def _between(self, at: datetime) -> Post:
        payer, payee = self._random.sample(self._customers, 2)
        return self._moved(payer, payee, at)

    def _moved(self, payer: AccountId, payee: AccountId, at: datetime) -> Post:
        entries = (Entry(payer, self._asset, -1), Entry(payee, self._asset, 1))
        return Post(
            JournalTransaction(
                id=TransactionId(uuid7()),
                template="fee_charged",
                reference="bench",
                effective_on=at.date(),
                entries=entries,
            ),
            at,
        )


def _percentile(in_order: list[int], percent: int) -> float:
    """Nearest rank, in microseconds; 0 when there is nothing."""
    if not in_order:
        return 0
    return in_order[min(len(in_order) - 1, len(in_order) * percent // 100)] / NS_PER_US
