"""Which vendors can be simulated. A new dialect is one package and one row here."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

import msgspec
from aiohttp import web

from entrypoints.simulator.b2c2 import app as b2c2
from entrypoints.simulator.binance_convert import app as binance_convert
from entrypoints.simulator.busha import app as busha
from entrypoints.simulator.bybit_convert import app as bybit_convert
from entrypoints.simulator.journal import Line
from entrypoints.simulator.luno import app as luno
from entrypoints.simulator.vendor import Vendor


class Dialect(Protocol):
    @abstractmethod
    def routes(self) -> list[web.RouteDef]: ...

    @abstractmethod
    def restore(self, line: Line) -> None:
        """Takes back a row this dialect kept in an earlier life; passes over all others."""


class DialectSpec(msgspec.Struct, frozen=True, kw_only=True):
    faults: tuple[str, ...]
    opening_balances: Mapping[str, Decimal]
    build: Callable[[Vendor, int], Dialect]
    on_credit: bool = False


DIALECTS: Mapping[str, DialectSpec] = {
    "b2c2": DialectSpec(
        faults=b2c2.FAULTS,
        opening_balances=b2c2.OPENING_BALANCES,
        build=b2c2.B2c2,
        on_credit=True,
    ),
    "binance_convert": DialectSpec(
        faults=binance_convert.FAULTS,
        opening_balances=binance_convert.OPENING_BALANCES,
        build=binance_convert.BinanceConvert,
    ),
    "bybit_convert": DialectSpec(
        faults=bybit_convert.FAULTS,
        opening_balances=bybit_convert.OPENING_BALANCES,
        build=bybit_convert.BybitConvert,
    ),
    "busha": DialectSpec(
        faults=busha.FAULTS,
        opening_balances=busha.OPENING_BALANCES,
        build=busha.Busha,
    ),
    "luno": DialectSpec(
        faults=luno.FAULTS,
        opening_balances=luno.OPENING_BALANCES,
        build=luno.Luno,
    ),
}
