"""Customers who trade as fast as they are answered: a quote, then its order, and again."""

import asyncio
import itertools
import os
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Final, Self

import msgspec

from entrypoints.cli.bench.cpu import CpuClock, between
from entrypoints.cli.bench.http import Connection, ConnectionLost, finish, post

CREATED: Final = 201
ERRORS_MAX: Final = 100
BASE_AMOUNT: Final = "0.01"
INSTRUMENT: Final = "BTC-USDT"
NS: Final = 1_000_000_000
FIELDS: Final = 4


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    api_key: str
    id: str


class Made(msgspec.Struct):
    id: str
    status: str


class Problem(msgspec.Struct):
    code: str = "?"


class Trades:
    """What happened: for each trade its end and how long its quote, order and both took, in ns."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self._flat = array("q")

    def add(self, started: int, quoted: int, ended: int) -> None:
        self._flat.extend((ended, quoted - started, ended - quoted, ended - started))

    def __len__(self) -> int:
        return len(self._flat) // FIELDS

    def within(self, start: int, end: int) -> Self:
        """Those that ended in between."""
        chosen = type(self)()
        flat = self._flat
        for place in range(0, len(flat), FIELDS):
            if start <= flat[place] < end:
                chosen._flat.extend(flat[place : place + FIELDS])
        return chosen

    @property
    def quotes(self) -> list[int]:
        return sorted(self._flat[1::FIELDS])

    @property
    def orders(self) -> list[int]:
        return sorted(self._flat[2::FIELDS])

    @property
    def wholes(self) -> list[int]:
        return sorted(self._flat[3::FIELDS])


class Trader:
    """One connection, one customer, one request at a time."""

    def __init__(
        self, connection: Connection, customer: Customer, *, host: str, trades: Trades
    ) -> None:
        self._connection = connection
        self._trades = trades
        self._quote = post("/v1/quotes", host=host, api_key=customer.api_key)
        self._order = post("/v1/orders", host=host, api_key=customer.api_key)
        # Bought and sold in turn, so that nobody runs out of anything.
        self._bodies = itertools.cycle(
            msgspec.json.encode(
                {
                    "customer_id": customer.id,
                    "instrument": INSTRUMENT,
                    "side": side,
                    "base_amount": BASE_AMOUNT,
                }
            )
            for side in ("buy", "sell")
        )
        self._made = msgspec.json.Decoder(Made)
        self._name = os.urandom(12).hex()

    async def trade_until(self, over: Callable[[], bool]) -> None:
        trades = self._trades
        for number in itertools.count():
            if over() or trades.errors.total() >= ERRORS_MAX:
                return
            try:
                started = perf_counter_ns()
                quote = await self._send(self._quote, b"q", number, next(self._bodies), "open")
                quoted = perf_counter_ns()
                if quote is None:
                    continue
                body = b'{"quote_id":"%b"}' % quote.id.encode()
                if await self._send(self._order, b"o", number, body, "filled") is not None:
                    trades.add(started, quoted, perf_counter_ns())
            except ConnectionLost as error:
                trades.errors[str(error)] += 1
                return

    async def _send(
        self, start: bytes, kind: bytes, number: int, body: bytes, wanted: str
    ) -> Made | None:
        key = b"%b-%b-%d" % (self._name.encode(), kind, number)
        status, answer = await self._connection.send(finish(start, key=key, body=body))
        made = self._made.decode(answer) if status == CREATED else None
        if made is not None and made.status == wanted:
            return made
        what = msgspec.json.decode(answer, type=Problem).code if made is None else made.status
        self._trades.errors[f"{kind.decode()} {status} {what}"] += 1
        return None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """`total` counts warm-up and end as well; `trades`, `seconds` and `cpu` do not."""

    trades: Trades
    seconds: float
    cpu: dict[str, float]
    total: int
    errors: Counter[str]


async def load(
    connections: Sequence[Connection],
    customers: Sequence[Customer],
    *,
    host: str,
    warm_up: int,
    seconds: int,
    cpu: CpuClock,
) -> Window:
    """One trader on each connection, for `warm_up` and then the measured `seconds`."""
    trades = Trades()
    over = False
    tasks = [
        asyncio.create_task(
            Trader(connection, customer, host=host, trades=trades).trade_until(lambda: over)
        )
        for connection, customer in zip(connections, customers, strict=True)
    ]
    await asyncio.sleep(warm_up)
    before, start = cpu.read(), perf_counter_ns()
    await asyncio.sleep(seconds)
    end, after = perf_counter_ns(), cpu.read()
    over = True
    await asyncio.gather(*tasks)
    return Window(
        trades=trades.within(start, end),
        seconds=(end - start) / NS,
        cpu=between(before, after),
        total=len(trades),
        errors=trades.errors,
    )
