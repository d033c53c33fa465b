"""Binance Convert behind the port. It stores no reference of ours: the quote's id finds all."""

from datetime import datetime
from typing import Final
from urllib.parse import quote as url_quote

from typing_extensions import override

from adapters.http_client.client import HttpClient
from adapters.liquidity.binance_convert.config import BinanceConvertSettings
from adapters.liquidity.binance_convert.lookup import Lookup
from adapters.liquidity.binance_convert.outcomes import LookUp, read_accept
from adapters.liquidity.binance_convert.proofs import PROOFS
from adapters.liquidity.binance_convert.quoting import Quoting
from adapters.liquidity.binance_convert.wire import WEIGHTS, Wire
from adapters.liquidity.channel import Channel, Weights
from adapters.liquidity.pairs import Pairs
from adapters.liquidity.vendor import VendorClient
from application.ports.clock import Clock
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities, LookupBy, Settlement
from domain.liquidity.outcome import (
    ExecutionKey,
    Filled,
    LpExecute,
    LpExecutionPage,
    LpHolding,
    NotSeen,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)

CAPABILITIES: Final = Capabilities(
    exact_in=True,
    exact_out=True,
    client_ref=False,
    lookup_by=LookupBy.LP_QUOTE_ID,
    proofs=PROOFS,
    settlement=Settlement.PREFUNDED,
    asynchronous=True,
    last_look=True,
    reports_balances=True,
)
# The vendor's account call tells of this wallet alone.
SPOT: Final = "SPOT"


class BinanceConvert(VendorClient):
    def __init__(
        self,
        settings: BinanceConvertSettings,
        *,
        http: HttpClient,
        clock: Clock,
        instruments: tuple[Instrument, ...] = (),
    ) -> None:
        weights = Weights(quote=WEIGHTS["getQuote"], execute=WEIGHTS["acceptQuote"])
        channel = Channel(settings, http=http, clock=clock, weights=weights)
        pairs = Pairs(instruments)
        self._settings = settings
        self._wire = Wire(settings, channel=channel, clock=clock)
        self._lookup = Lookup(self._wire, pairs)
        super().__init__(
            settings,
            CAPABILITIES,
            channel=channel,
            quotes=Quoting(settings, channel=channel, wire=self._wire, clock=clock),
            clock=clock,
            learner=pairs,
        )

    async def execute_quote(self, request: LpExecute) -> Outcome:
        if (unsent := self._channel.why_not_sent(request)) is not None:
            return unsent
        exchange = await self._wire.post(
            "acceptQuote",
            f"quoteId={url_quote(request.lp_quote_id, safe='')}",
            patience=self._channel.execution_patience(request),
            scenario=request.scenario,
        )
        read = read_accept(exchange, confirmed=self._settings.refusals_confirmed)
        return await self._look_up(request, read) if isinstance(read, LookUp) else read

    @override
    async def _recorded(self, key: ExecutionKey) -> Outcome | None:
        return await self._lookup.by_quote(key.lp_quote_id, pair=(key.instrument, key.side))

    @override
    async def _in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        return await self._lookup.in_history(key)

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        return await self._lookup.page(since=since, until=until, limit=limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        return await self._lookup.balances() if self._settings.wallet_type == SPOT else None

    async def _look_up(self, request: LpExecute, accepted: LookUp) -> Outcome:
        """Amounts stand in the record only, so a success is pending until the record was read."""
        read_ms = self._read_ms(request)
        if read_ms is None:
            return _unread(accepted, "the deadline has passed")
        seen = await self._lookup.by_quote(request.lp_quote_id, read_ms=read_ms, attempts=1)
        match seen:
            case Filled() | Rejected() | Pending() if accepted.order_id is None:
                return seen
            case Filled() if seen.lp_execution_id == accepted.order_id:
                return seen
            case Filled() | Rejected():
                return Unknown(cause=f"order {accepted.order_id} was a success, now: {seen}")
            case Pending():
                return _unread(accepted, "pending")
            case Unknown(cause=cause):
                return _unread(accepted, cause)
            case None:
                return _unread(accepted, "no such order")


def _unread(accepted: LookUp, why: str) -> Pending | Unknown:
    if accepted.order_id is None:
        return Unknown(cause=f"already used, and the record does not tell by whom: {why}")
    return Pending(lp_execution_id=accepted.order_id)
