"""Bybit Convert behind the port. It stores no reference of ours: the quote's id finds all."""

from datetime import datetime
from typing import Final

import msgspec
from typing_extensions import override

from adapters.http_client.client import HttpClient
from adapters.liquidity.amounts import whole_text
from adapters.liquidity.bybit_convert.config import BybitConvertSettings
from adapters.liquidity.bybit_convert.lookup import Lookup
from adapters.liquidity.bybit_convert.outcomes import LookUp, read_execute
from adapters.liquidity.bybit_convert.proofs import PROOFS
from adapters.liquidity.bybit_convert.quoting import Quoting
from adapters.liquidity.bybit_convert.wire import Wire
from adapters.liquidity.channel import Channel
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
    Unknown,
)
from domain.shared.money import AmountInvalid

CAPABILITIES: Final = Capabilities(
    exact_in=True,
    exact_out=False,
    client_ref=False,
    lookup_by=LookupBy.LP_QUOTE_ID,
    proofs=PROOFS,
    settlement=Settlement.PREFUNDED,
    asynchronous=True,
    last_look=True,
    reports_balances=True,
)


class BybitConvert(VendorClient):
    def __init__(
        self,
        settings: BybitConvertSettings,
        *,
        http: HttpClient,
        clock: Clock,
        instruments: tuple[Instrument, ...] = (),
    ) -> None:
        channel = Channel(settings, http=http, clock=clock)
        self._pairs = Pairs(instruments)
        self._wire = Wire(settings, channel=channel, clock=clock)
        self._quoting = Quoting(settings, channel=channel, wire=self._wire, clock=clock)
        self._lookup = Lookup(self._wire, self._pairs)
        super().__init__(
            settings,
            CAPABILITIES,
            channel=channel,
            quotes=self._quoting,
            clock=clock,
            learner=self._pairs,
        )

    async def execute_quote(self, request: LpExecute) -> Outcome:
        """An acknowledgement is all that comes back; whoever asked polls `get_execution`."""
        if (unsent := self._channel.why_not_sent(request)) is not None:
            return unsent
        reply = await self._wire.post(
            "convert-execute",
            msgspec.json.encode({"quoteTxId": request.lp_quote_id}),
            patience=self._channel.execution_patience(request),
            scenario=request.scenario,
        )
        read = read_execute(reply, request.lp_quote_id)
        return await self._look_up(request, read) if isinstance(read, LookUp) else read

    @override
    async def _recorded(self, key: ExecutionKey) -> Outcome | None:
        return await self._lookup.by_quote(key.lp_quote_id, (key.instrument, key.side))

    @override
    async def _in_history(self, key: ExecutionKey) -> Outcome | NotSeen:
        return await self._lookup.in_history(key)

    async def list_executions(
        self, *, since: datetime, until: datetime, limit: int
    ) -> LpExecutionPage:
        return await self._lookup.page(since=since, until=until, limit=limit)

    async def balances(self) -> tuple[LpHolding, ...] | None:
        """As the list of coins has them for the wallet that conversions are paid from and into."""
        coins = await self._quoting.load_coins()
        if coins is None:
            return None
        try:
            return tuple(self._holding(name, coin.balance) for name, coin in coins.items())
        except AmountInvalid:
            return None

    def _holding(self, coin: str, balance: str) -> LpHolding:
        """In whole units of ours where the coin is one of ours. Raises `AmountInvalid`."""
        asset = self._pairs.asset(coin)
        return LpHolding(coin, balance if asset is None else whole_text(balance, scale=asset.scale))

    async def _look_up(self, request: LpExecute, told: LookUp) -> Outcome:
        """The quote was used, by us or not at all; only the record can say."""
        read_ms = self._read_ms(request)
        if read_ms is None:
            return Unknown(cause=f"{told.why}; the deadline has passed")
        pair = (request.instrument, request.side)
        seen = await self._lookup.by_quote(request.lp_quote_id, pair, read_ms=read_ms)
        return Unknown(cause=f"{told.why}; no record of it") if seen is None else seen
