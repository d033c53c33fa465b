import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from application import crash_points
from application.errors import Overloaded
from application.jobs.put_off import give_back, put_off
from application.jobs.work_policy import WORK
from application.ledger.house_postings import HousePostings
from application.ports.clock import Clock
from application.ports.intents import DueIntent, Intent, IntentKind
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.ledger.templates import MirrorInstruction, TradeMirror
from domain.liquidity.resolution import next_look
from domain.shared.errors import InvariantViolation
from domain.shared.ids import IdPrefix, OrderId, TenantId, decode_id
from domain.tenants.tenant import HOUSE_TENANT_ID

# The instruction names its transaction, so a second try is refused as existing: done before.
_DECODER: Final[msgspec.json.Decoder[MirrorInstruction]] = msgspec.json.Decoder(MirrorInstruction)
DONE: Final = frozenset({OutcomeCode.OK, OutcomeCode.TRANSACTION_EXISTS})
WAITS: Final = "waits for the mirror of what it reverses"

_log = logging.getLogger(__name__)


class MirrorToHouse:
    """- What a tenant's posting means for the house is posted in the house's books, once.
    - The instruction committed with the tenant's posting; following it twice changes nothing.
    - Many are followed in one transaction of the house.
    - A reversal is mirrored after what it reverses was, however long that takes.
    - One that cannot be followed stops no other: it is tried again, and parked in the end.
    - Broken off by a process that has to stop, they are another's at once.
    """

    def __init__(self, *, uow: UnitOfWork, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, due: Iterable[DueIntent]) -> int:
        leased = await self._lease(due)
        if not leased:
            return 0
        try:
            if crash_points.armed:
                await crash_points.reach(crash_points.MIRROR_LEASED)
            await self._follow_all(leased)
        except asyncio.CancelledError:
            await give_back(self._uow, leased)
            raise
        return len(leased)

    async def _follow_all(self, leased: Sequence[Intent]) -> None:
        try:
            await self._follow(leased)
        except Overloaded:
            raise
        except Exception:  # noqa: BLE001 - one of them, most likely, so each goes by itself
            _log.warning("following %d mirrors one by one", len(leased), exc_info=True)
            for intent in leased:
                await self._follow_alone(intent)

    async def _follow(self, intents: Sequence[Intent]) -> None:
        outcomes = await self._post(intents)
        await self._finish(intents, outcomes)

    async def _follow_alone(self, intent: Intent) -> None:
        try:
            await self._follow((intent,))
        except Overloaded:
            raise
        except Exception as error:  # noqa: BLE001 - kept in its row
            parked = await put_off(self._uow, self._clock, intent, error)
            place = "parked" if parked else "failed"
            _log.exception("mirror of %s of tenant %s %s", intent.subject, intent.tenant_id, place)

    async def _lease(self, due: Iterable[DueIntent]) -> list[Intent]:
        subjects: defaultdict[TenantId, list[UUID]] = defaultdict(list)
        for intent in due:
            subjects[intent.tenant_id].append(intent.subject)
        leased: list[Intent] = []
        for tenant_id, wanted in subjects.items():
            async with self._uow.begin(tenant_id) as tx:
                leased += await tx.intents.lease(
                    IntentKind.MIRROR, tuple(wanted), duration=WORK[IntentKind.MIRROR].lease
                )
                await tx.commit()
        return leased

    async def _post(self, intents: Sequence[Intent]) -> tuple[Outcome | None, ...]:
        """None for a reversal that has to wait: what it reverses is not mirrored yet."""
        instructions = [_instruction(intent) for intent in intents]
        async with self._uow.begin(HOUSE_TENANT_ID) as tx:
            outcomes = await HousePostings(tx, at=self._clock.now()).follow(instructions)
            if crash_points.armed:
                await crash_points.reach(crash_points.MIRROR_BEFORE_HOUSE)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.MIRROR_HOUSE_POSTED)
        return outcomes

    async def _finish(self, intents: Sequence[Intent], outcomes: Sequence[Outcome | None]) -> None:
        by_tenant: defaultdict[TenantId, list[tuple[Intent, Outcome | None]]] = defaultdict(list)
        for intent, outcome in zip(intents, outcomes, strict=True):
            by_tenant[intent.tenant_id].append((intent, outcome))
        for tenant_id, finished in by_tenant.items():
            async with self._uow.begin(tenant_id) as tx:
                ended = [await self._end(tx, intent, outcome) for intent, outcome in finished]
                if orders := _booked(finished):
                    await tx.lp_quotas.booked(orders)
                # A lost lease means that somebody follows it again, which changes nothing.
                if all(ended):
                    if crash_points.armed:
                        await crash_points.reach(crash_points.MIRROR_BEFORE_FINISH)
                    await tx.commit()
            if crash_points.armed:
                await crash_points.reach(crash_points.MIRROR_FINISHED)

    async def _end(self, tx: Transaction, intent: Intent, outcome: Outcome | None) -> bool:
        if outcome is None:
            # As often as it takes: it can be followed once the other one was, and not before.
            pause = timedelta(milliseconds=next_look(intent.attempts))
            return await tx.intents.postpone(intent, until=self._clock.now() + pause, error=WAITS)
        if outcome.code in DONE:
            return await tx.intents.finish(intent)
        return await tx.intents.park(intent, error=outcome.error_code or "refused")


def _booked(finished: Sequence[tuple[Intent, Outcome | None]]) -> tuple[OrderId, ...]:
    """The orders whose trades the house's books show: quotas do not stand for them any more."""
    orders = []
    for intent, outcome in finished:
        if outcome is not None and outcome.code in DONE:
            instruction = _instruction(intent)
            if isinstance(instruction, TradeMirror):
                orders.append(OrderId(decode_id(IdPrefix.ORDER, instruction.reference)))
    return tuple(orders)


def _instruction(intent: Intent) -> MirrorInstruction:
    if intent.payload is None:
        raise InvariantViolation("a mirror intent carries its instruction")
    return _DECODER.decode(intent.payload)
