import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from application import crash_points
from application.errors import Overloaded
from application.jobs.put_off import give_back, put_off
from application.jobs.work_policy import FAILING_FROM, WORK
from application.orders.opening import execution_key
from application.orders.record_outcome import RecordOutcome, evidence_of
from application.ports.catalog import Platform
from application.ports.clock import Clock
from application.ports.intents import DueIntent, Intent, IntentKind
from application.ports.liquidity import LiquidityProvider
from application.ports.trading import OpenExecution
from application.ports.unit_of_work import UnitOfWork
from domain.assets.catalog import Catalog
from domain.liquidity.outcome import NotSeen, Outcome, Unknown
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptState, KeepLooking, Settle, decide
from domain.shared.ids import OrderId

RESOLVED_BY: Final = "resolver"

_log = logging.getLogger(__name__)


class ResolveExecution:
    """- Looks an open execution up at the LP it was sent to, and at no other.
    - Settles it only on proof: the LP's record, its rejection, or absence that is final.
    - Otherwise looks again later, for as long as it takes. Funds stay held.
    - What fails in a way nobody foresaw is tried again and never given up: that we failed so and
      so often is no evidence of what the LP did. It is shown as failing, with its reason.
    - Broken off by a process that has to stop, it is another's at once.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        record: RecordOutcome,
        clock: Clock,
        absence_margin: timedelta,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._providers = providers
        self._record = record
        self._clock = clock
        self._absence_margin = absence_margin

    async def execute(self, due: DueIntent) -> bool:
        """True when the execution is settled now."""
        intent = await self._lease(due)
        if intent is None:
            return False
        try:
            return await self._resolve(intent)
        except Overloaded:
            raise
        except asyncio.CancelledError:
            await give_back(self._uow, (intent,))
            raise
        except Exception as error:
            await put_off(self._uow, self._clock, intent, error)
            if intent.attempts >= FAILING_FROM:
                _log.error("failed %d times in a row: a person should look", intent.attempts)
            raise

    async def _resolve(self, intent: Intent) -> bool:
        execution = await self._opened(intent)
        if execution is None:
            return False
        if crash_points.armed:
            await crash_points.reach(crash_points.RESOLVE_LEASED)
        view = await self._platform.view()
        asked_at = self._clock.now()
        seen = await self._look(execution, view.catalog)
        if crash_points.armed:
            await crash_points.reach(crash_points.RESOLVE_LOOKED)
        provider = self._providers.get(execution.attempt.lp)
        attempt = execution.attempt
        resolution = decide(
            AttemptState(
                status=attempt.status,
                lp_expires_at=attempt.lp_expires_at,
                absence=None if provider is None else provider.capabilities.proofs.absence,
                looks=attempt.looks,
            ),
            seen,
            now=asked_at,
            margin=self._absence_margin,
        )
        evidence = evidence_of(seen, resolved_by=RESOLVED_BY)
        match resolution:
            case Settle():
                order = await self._record.settled(
                    intent.tenant_id,
                    execution,
                    resolution.outcome,
                    catalog=view.catalog,
                    evidence=evidence,
                )
                return order.is_final
            case KeepLooking():
                await self._record.still_open(
                    intent.tenant_id,
                    execution,
                    resolution.outcome,
                    catalog=view.catalog,
                    evidence=evidence,
                    looks=attempt.looks + 1,
                    look_again_in=max(resolution.look_again_at - asked_at, timedelta(0)),
                )
        return False

    async def _lease(self, due: DueIntent) -> Intent | None:
        """Commits by itself: an order that cannot even be read is not tried again at once."""
        async with self._uow.begin(due.tenant_id) as tx:
            leased = await tx.intents.lease(
                IntentKind.SETTLE_EXECUTION,
                (due.subject,),
                duration=WORK[IntentKind.SETTLE_EXECUTION].lease,
            )
            if not leased:
                return None
            await tx.commit()
            return leased[0]

    async def _opened(self, intent: Intent) -> OpenExecution | None:
        async with self._uow.begin(intent.tenant_id) as tx:
            execution = await tx.trading.open_execution(
                OrderId(intent.subject), lease_token=intent.lease_token
            )
            if execution is None and await tx.intents.finish(intent):
                await tx.commit()
            return execution

    async def _look(self, execution: OpenExecution, catalog: Catalog) -> Outcome | NotSeen:
        attempt, quote = execution.attempt, execution.stored.quote
        provider = self._providers.get(attempt.lp)
        if provider is None:
            return Unknown(cause="the LP is not configured in this process")
        instrument = catalog.instrument(quote.instrument)
        return await provider.get_execution(execution_key(execution, instrument))
