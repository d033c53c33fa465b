"""Busha behind the port. It executes an expired quote at the market: that must never be sent."""

from datetime import datetime
from typing import Final

import msgspec
from typing_extensions import override

from adapters.http_client.client import HttpClient
from adapters.liquidity.busha.config import BushaSettings
from adapters.liquidity.busha.lookup import Lookup
from adapters.liquidity.busha.outcomes import LookUp, outcome_of, read_transfer
from adapters.liquidity.busha.proofs import PROOFS
from adapters.liquidity.busha.quoting import Quoting
from adapters.liquidity.busha.schemas import Transfer
from adapters.liquidity.busha.wire import TRANSFERS, Wire
from adapters.liquidity.channel import Channel
from adapters.liquidity.meanings import Reason
from adapters.liquidity.pairs import Pairs
from adapters.liquidity.vendor import VendorClient
from application.ports.clock import Clock
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities, LookupBy, Settlement
from domain.liquidity.outcome import (
    ExecutionKey,
    LpExecute,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Rejected,
    Unknown,
)

CAPABILITIES: Final = Capabilities(
    exact_in=True,
    exact_out=True,
    client_ref=False,
    lookup_by=LookupBy.LP_QUOTE_ID,
    # An expired quote stays executable, so a request that was lost may still be carried out.
    proofs=PROOFS,
    settlement=Settlement.PREFUNDED,
    asynchronous=True,
    last_look=True,
)


class Busha(VendorClient):
    def __init__(
        self,
        settings: BushaSettings,
        *,
        http: HttpClient,
        clock: Clock,
        instruments: tuple[Instrument, ...] = (),
    ) -> None:
        channel, pairs = Channel(settings, http=http, clock=clock), Pairs(instruments)
        self._wire = Wire(settings, channel=channel)
        self._lookup = Lookup(self._wire, pairs, clock=clock)
        super().__init__(
            settings,
            CAPABILITIES,
            channel=channel,
            quotes=Quoting(settings, channel=channel, wire=self._wire, clock=clock),
            clock=clock,
            learner=pairs,
        )

    async def execute_quote(self, request: LpExecute) -> Outcome:
        # By our own reckoning, which has a guard in it (`transform.OpenFor`).
        if self._clock.now() >= request.lp_expires_at:
            return Rejected(reason=Reason.QUOTE_EXPIRED, detail="nothing was sent")
        latest = min(request.deadline, request.lp_expires_at)
        guarded = msgspec.structs.replace(request, deadline=latest)
        if (unsent := self._channel.why_not_sent(guarded)) is not None:
            return unsent
        exchange = await self._wire.post(
            TRANSFERS,
            msgspec.json.encode({"quote_id": request.lp_quote_id}),
            patience=self._channel.execution_patience(guarded),
            scenario=request.scenario,
        )
        read = read_transfer(exchange)
        if isinstance(read, LookUp):
            return await self._look_up(request)
        if not isinstance(read, Transfer):
            return read
        if str(read.quote_id) != request.lp_quote_id:
            return Unknown(cause=f"transfer {read.id} is of another quote")
        seen_at = self._clock.now()
        return outcome_of(read, request.instrument, request.side, seen_at=seen_at)

    @override
    async def _recorded(self, key: ExecutionKey) -> Outcome | None:
        return await self._lookup.by_quote(
            key.lp_quote_id, instrument=key.instrument, side=key.side
        )

    @override
    async def _in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        return await self._lookup.in_history(key)

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        return await self._lookup.page(since=since, until=until, limit=limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        """The documents that we have show no such call."""
        return None

    async def _look_up(self, request: LpExecute) -> Outcome:
        read_ms = self._read_ms(request)
        if read_ms is None:
            return Unknown(cause="already used, and no time left to ask by whom")
        seen = await self._lookup.by_quote(
            request.lp_quote_id,
            instrument=request.instrument,
            side=request.side,
            read_ms=read_ms,
            attempts=1,
        )
        return seen or Unknown(cause="already used, and the record does not tell by whom")
