"""B2C2 behind the port: a price on request, executed as a fill-or-kill order under our own id.

An order at the price of a quote is safer than accepting the quote: it can be found by our id, and
`valid_until` makes the vendor refuse it late, so that its absence can be proven.
"""

from datetime import datetime
from typing import Final

from typing_extensions import override

from adapters.http_client.client import HttpClient
from adapters.liquidity.b2c2.config import B2c2Settings
from adapters.liquidity.b2c2.lookup import Lookup
from adapters.liquidity.b2c2.names import Names
from adapters.liquidity.b2c2.outcomes import Asked, LookUp, read_placed
from adapters.liquidity.b2c2.proofs import PROOFS
from adapters.liquidity.b2c2.quoting import Quoting
from adapters.liquidity.b2c2.transform import order_body, quoted_price
from adapters.liquidity.b2c2.wire import Wire
from adapters.liquidity.channel import Channel
from adapters.liquidity.meanings import Reason
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
    exact_in=False,
    exact_out=False,
    exact_base=True,
    client_ref=True,
    lookup_by=LookupBy.CLIENT_REF,
    proofs=PROOFS,
    settlement=Settlement.POST_TRADE,
    last_look=True,
    reports_balances=True,
    improves=True,
)


class B2c2(VendorClient):
    def __init__(
        self,
        settings: B2c2Settings,
        *,
        http: HttpClient,
        clock: Clock,
        instruments: tuple[Instrument, ...] = (),
    ) -> None:
        channel, names = Channel(settings, http=http, clock=clock), Names(instruments)
        self._wire = Wire(settings, channel=channel)
        self._lookup = Lookup(self._wire, names)
        super().__init__(
            settings,
            CAPABILITIES,
            channel=channel,
            quotes=Quoting(settings, channel=channel, wire=self._wire, clock=clock),
            clock=clock,
            learner=names,
        )

    async def execute_quote(self, request: LpExecute) -> Outcome:
        if (unsent := self._channel.why_not_sent(request)) is not None:
            return unsent
        if self._clock.now() >= request.lp_expires_at:
            return Rejected(reason=Reason.QUOTE_EXPIRED, detail="nothing was sent")
        if (price := quoted_price(request)) is None:
            return Rejected(reason=Reason.NOT_SENT, detail="the quote is none of ours")
        reply = await self._wire.post(
            "/v2/order/",
            order_body(request, price),
            patience=self._channel.execution_patience(request),
            scenario=request.scenario,
        )
        asked = Asked(request.client_ref, request.instrument, request.side)
        read = read_placed(reply, asked)
        return await self._look_up(request, asked, read) if isinstance(read, LookUp) else read

    @override
    async def _recorded(self, key: ExecutionKey) -> Outcome | None:
        return await self._lookup.by_ref(Asked(key.client_ref, key.instrument, key.side))

    @override
    async def _in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        return await self._lookup.in_history(key)

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        return await self._lookup.page(since=since, until=until, limit=limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        return await self._lookup.balances()

    async def _look_up(self, request: LpExecute, asked: Asked, told: LookUp) -> Outcome:
        """Our id may have been used before, and then by us; only the record can say."""
        read_ms = self._read_ms(request)
        if read_ms is None:
            return Unknown(cause=f"{told.why}; the deadline has passed")
        seen = await self._lookup.by_ref(asked, read_ms=read_ms)
        return Unknown(cause=f"{told.why}; no record of it") if seen is None else seen
