"""Luno behind the port: quotes made from its book, executed as fill-or-kill orders."""

from datetime import datetime
from typing import Final

from typing_extensions import override

from adapters.http_client.client import HttpClient
from adapters.liquidity.channel import Channel
from adapters.liquidity.luno.config import LunoSettings
from adapters.liquidity.luno.lookup import Lookup
from adapters.liquidity.luno.outcomes import LookUp, read_placed
from adapters.liquidity.luno.proofs import PROOFS
from adapters.liquidity.luno.quoting import Quoting
from adapters.liquidity.luno.ticket import read_ticket
from adapters.liquidity.luno.wire import Wire
from adapters.liquidity.meanings import Reason
from adapters.liquidity.vendor import VendorClient
from application.ports.clock import Clock
from domain.liquidity.capabilities import Capabilities, LookupBy, Settlement
from domain.liquidity.outcome import (
    ExecutionKey,
    LpExecute,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest

CAPABILITIES: Final = Capabilities(
    exact_in=False,
    exact_out=False,
    exact_base=True,
    client_ref=True,
    client_ref_length_max=255,
    lookup_by=LookupBy.CLIENT_REF,
    proofs=PROOFS,
    settlement=Settlement.PREFUNDED,
    asynchronous=True,
    last_look=True,
    reports_balances=True,
    improves=True,
)


class Luno(VendorClient):
    def __init__(self, settings: LunoSettings, *, http: HttpClient, clock: Clock) -> None:
        channel = Channel(settings, http=http, clock=clock)
        self._settings = settings
        self._wire = Wire(settings, channel=channel, clock=clock)
        self._quoting = Quoting(settings, wire=self._wire, clock=clock)
        self._lookup = Lookup(self._wire, self._quoting)
        super().__init__(settings, CAPABILITIES, channel=channel, quotes=self._quoting, clock=clock)

    @override
    async def request_quote(self, request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        if (unasked := self._channel.why_not_asked()) is not None:
            return unasked
        return await self._quoting.request(request)

    async def execute_quote(self, request: LpExecute) -> Outcome:
        if (unsent := self._channel.why_not_sent(request)) is not None:
            return unsent
        ticket = read_ticket(request.lp_quote_id)
        if ticket is None:
            return Rejected(reason=Reason.NOT_SENT, detail="the quote is none of ours")
        if self._clock.now() >= ticket.expires_at:
            return Rejected(reason=Reason.QUOTE_EXPIRED, detail="nothing was sent")
        exchange = await self._wire.post_order(ticket, request)
        read = read_placed(exchange, confirmed=self._settings.refusals_confirmed)
        return await self._look_up(request, read) if isinstance(read, LookUp) else read

    @override
    async def _recorded(self, key: ExecutionKey) -> Outcome | None:
        return await self._lookup.by_ref(key.client_ref, instrument=key.instrument, side=key.side)

    @override
    async def _in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        return await self._lookup.in_history(key)

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        return await self._lookup.page(since=since, until=until, limit=limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        return await self._lookup.balances()

    async def _look_up(self, request: LpExecute, placed: LookUp) -> Outcome:
        """What became of the order stands in its record only."""
        read_ms = self._read_ms(request)
        if read_ms is None:
            return _unread(placed, "the deadline has passed")
        seen = await self._lookup.by_ref(
            request.client_ref,
            instrument=request.instrument,
            side=request.side,
            read_ms=read_ms,
            attempts=1,
        )
        match seen:
            case None:
                return _unread(placed, "no such order")
            case Unknown(cause=cause):
                return _unread(placed, cause)
            case _:
                return seen


def _unread(placed: LookUp, why: str) -> Pending | Unknown:
    """An order that was acknowledged is pending: its absence would be a contradiction."""
    if placed.order_id is None:
        return Unknown(cause=f"already used, and the record does not tell by whom: {why}")
    return Pending(lp_execution_id=placed.order_id)
