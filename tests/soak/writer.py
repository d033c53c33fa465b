"""Writers of one process: post their share of the plan, and ask again until they are answered.

python -m tests.soak.writer PLAN DIARY PROCESS
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

from adapters.postgres.connection import create_pool
from adapters.postgres.known_accounts import KnownAccounts
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.unit_of_work import BROKEN, PostgresUnitOfWork
from adapters.system.clock import SystemClock
from application.errors import CommitUnknown, IdempotencyInProgress, Overloaded
from domain.ledger.outcomes import Outcome
from tests.soak.diary import Diary, Failed, Sent, Told, answered, read
from tests.soak.plan import Payment, Plan, load

APPLICATION: Final = "soak-writer"
TRIES_MAX: Final = 200
PAUSE_SECONDS: Final = 0.02
PAUSE_SECONDS_MAX: Final = 1.0


class Writer:
    """All writers of a process share its connections, as requests to a server do."""

    def __init__(self, plan: Plan, diary: Diary, done: set[tuple[int, int]]) -> None:
        self._plan = plan
        self._diary = diary
        self._done = done
        self._known = KnownAccounts()
        self._clock = SystemClock()
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        plan = self._plan
        pool = await self._opened.enter_async_context(
            await create_pool(
                plan.url,
                size=plan.writers_each,
                application_name=APPLICATION,
                on_connect=self._known.forget,
            )
        )
        self._uow = PostgresUnitOfWork(main=pool, record=pool, known=self._known)
        self._ledger = PostgresLedger(pool=pool, uow=self._uow, known=self._known)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._opened.aclose()

    async def write(self, writer: int) -> None:
        for number, batch in enumerate(self._plan.batches(writer)):
            if (writer, number) in self._done:
                continue
            self._diary.write(Sent(writer, number))
            outcomes = await self._until_answered(writer, number, batch)
            answers = tuple(
                answered(payment.key, outcome)
                for payment, outcome in zip(batch, outcomes, strict=True)
            )
            self._diary.write(Told(writer, number, answers))

    async def _until_answered(
        self, writer: int, number: int, batch: tuple[Payment, ...]
    ) -> tuple[Outcome, ...]:
        for tries in range(1, TRIES_MAX + 1):
            try:
                await self._meet_accounts()
                commands = self._plan.commands(batch, at=self._clock.now())
                return await self._ledger.post(self._plan.tenant_id, commands)
            except (CommitUnknown, IdempotencyInProgress, Overloaded) as error:
                self._diary.write(Failed(writer, number, type(error).__name__))
            await asyncio.sleep(min(tries * PAUSE_SECONDS, PAUSE_SECONDS_MAX))
        raise AssertionError(f"batch {number} of writer {writer} was never answered")

    async def _meet_accounts(self) -> None:
        """Each new connection forgets them, and plain posts take one statement when they are known.

        Any error there is one of the connection: nothing is written.
        """
        plan = self._plan
        if self._known.is_strict(plan.tenant_id, plan.fees) is not None:
            return
        try:
            async with self._uow.begin(plan.tenant_id) as tx:
                await tx.accounts.resolve(plan.keys)
                await tx.commit()
        except BROKEN as error:
            raise Overloaded("the connection broke while accounts were looked up") from error


def done_in(diary: Path) -> set[tuple[int, int]]:
    return {(line.writer, line.batch) for line in read(diary) if isinstance(line, Told)}


async def main(plan_file: Path, diary_file: Path, process: int) -> None:
    plan = load(plan_file)
    done = done_in(diary_file)
    with Diary(diary_file) as diary:
        async with Writer(plan, diary, done) as writer, asyncio.TaskGroup() as tasks:
            for number in plan.slots(process):
                tasks.create_task(writer.write(number))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
