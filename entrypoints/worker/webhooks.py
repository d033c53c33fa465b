"""Sends what is due, as much at once as is fair, and goes on looking.

No queue is asked: rows say what is due, and this looks a few times a second. A slow attempt
occupies its own place and nobody else's: places are given out by `domain/webhooks/fairness.py`,
from what is under way at this moment.
"""

import asyncio
import logging
from collections import Counter
from datetime import timedelta
from typing import Final, Generic, TypeVar

import msgspec

from application.errors import Overloaded
from application.ports.webhook_deliveries import DueWebhooks
from application.webhooks.deliver import DeliverWebhooks, Prepared
from application.webhooks.fan_out import FanOutEvents
from domain.shared.ids import TenantId, WebhookEndpointId
from domain.webhooks.endpoint import SLOW
from domain.webhooks.fairness import BOUNDS, Bounds, Load, Waiting, shares
from entrypoints.worker.endurance import sleep_unless, survives

LOOK_EVERY: Final = timedelta(milliseconds=250)
AFTER_ERROR: Final = timedelta(seconds=1)
# An endpoint whose deliveries cannot even be claimed, for want of a key perhaps.
SET_ASIDE: Final = timedelta(seconds=10)
# Of each lane: more endpoints than could be served at once, so that no tenant hides another.
WAITING_MAX: Final = 1_000
CLAIMS_AT_ONCE: Final = 4
# What has become slow on its way leaves its lane to others; this bounds all of it together.
UNDER_WAY_MAX: Final = 256
# Whom a place was given to last is remembered for so many tenants and endpoints each.
TURNS_KEPT: Final = 10_000

K = TypeVar("K")

_log = logging.getLogger(__name__)


class _UnderWay(msgspec.Struct, frozen=True):
    waiting: Waiting
    since: float


class _Turns(Generic[K]):
    """At which turn each had a place the last time, the longest ago first."""

    def __init__(self) -> None:
        self.of: dict[K, int] = {}

    def had(self, key: K, turn: int) -> None:
        self.of.pop(key, None)
        self.of[key] = turn
        if len(self.of) > TURNS_KEPT:
            del self.of[next(iter(self.of))]


class WebhookDispatcher:
    def __init__(
        self,
        *,
        due: DueWebhooks,
        fan_out: FanOutEvents,
        deliver: DeliverWebhooks,
        stopping: asyncio.Event,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._due = due
        self._fan_out = fan_out
        self._deliver = deliver
        self._stopping = stopping
        self._bounds = bounds
        self._under_way: dict[asyncio.Task[None], _UnderWay] = {}
        self._room = asyncio.Semaphore(CLAIMS_AT_ONCE)
        self._look_again = asyncio.Event()
        self._set_aside: dict[WebhookEndpointId, float] = {}
        self._turn = 0
        self._tenants = _Turns[tuple[TenantId, bool]]()
        self._endpoints = _Turns[WebhookEndpointId]()

    async def run(self) -> None:
        """Until told to stop, and then until what is under way has ended, or this is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_fanning_out())
                group.create_task(self._keep_sending())
            if self._under_way:
                await asyncio.wait(set(self._under_way))
        finally:
            # What is cut short is made again when its lease has ended.
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def send_what_is_due(self) -> int:
        """Begins as many attempts as there is room for; how many."""
        if len(self._under_way) >= UNDER_WAY_MAX:
            return 0
        now = self._now()
        self._set_aside = {each: at for each, at in self._set_aside.items() if at > now}
        waiting = [
            each
            for troubled in (False, True)
            for each in await self._due.waiting(troubled=troubled, limit=WAITING_MAX)
            if each.endpoint_id not in self._set_aside
        ]
        granted = shares(waiting, self._load(), bounds=self._bounds)
        for each in granted:
            self._turn += 1
            self._tenants.had((each.tenant_id, each.is_troubled), self._turn)
            self._endpoints.had(each.endpoint_id, self._turn)
        begun = await asyncio.gather(*(self._begin(*each) for each in granted.items()))
        return sum(begun)

    async def _keep_fanning_out(self) -> None:
        while not self._stopping.is_set():
            fine = await survives("fanning events out", self._fan_out_once())
            await sleep_unless(self._stopping, LOOK_EVERY if fine else AFTER_ERROR)

    async def _fan_out_once(self) -> None:
        if await self._fan_out.execute():
            self._look_again.set()

    async def _keep_sending(self) -> None:
        while not self._stopping.is_set():
            self._look_again.clear()
            fine = await survives("sending webhooks", self.send_what_is_due())
            await self._pause(LOOK_EVERY if fine else AFTER_ERROR)

    async def _pause(self, at_most: timedelta) -> None:
        """Also ended by what makes another look worth while: a place that is free, or new work."""
        wake = asyncio.create_task(self._look_again.wait())
        told = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            {wake, told},
            timeout=at_most.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        for each in (wake, told):
            each.cancel()

    async def _begin(self, waiting: Waiting, count: int) -> int:
        async with self._room:
            try:
                prepared = await self._deliver.claim(waiting, count)
            except Overloaded:
                return 0  # our own fault, and over in a moment
            except Exception:  # noqa: BLE001 - one endpoint must not stop the others
                _log.exception("claiming deliveries of endpoint %s failed", waiting.endpoint_id)
                until = self._now() + SET_ASIDE.total_seconds()
                self._set_aside[waiting.endpoint_id] = until
                return 0
        for each in prepared:
            task = asyncio.create_task(self._attempt(each))
            self._under_way[task] = _UnderWay(waiting, self._now())
            task.add_done_callback(self._ended)
        return len(prepared)

    async def _attempt(self, prepared: Prepared) -> None:
        name = f"attempt {prepared.claim.attempt_id}"
        await survives(name, self._deliver.attempt(prepared))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._look_again.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _load(self) -> Load:
        now = self._now()
        lanes: Counter[bool] = Counter()
        tenants: Counter[tuple[TenantId, bool]] = Counter()
        endpoints: Counter[WebhookEndpointId] = Counter()
        for each in self._under_way.values():
            waiting = each.waiting
            lane = waiting.is_troubled or now - each.since > SLOW.total_seconds()
            lanes[lane] += 1
            tenants[waiting.tenant_id, lane] += 1
            endpoints[waiting.endpoint_id] += 1
        return Load(
            healthy=lanes[False],
            troubled=lanes[True],
            by_tenant=tenants,
            by_endpoint=endpoints,
            tenant_served=self._tenants.of,
            endpoint_served=self._endpoints.of,
        )
