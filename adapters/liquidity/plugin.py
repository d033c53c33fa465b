"""How a dialect declares itself. `entrypoints/wiring/registry.py` lists the declarations."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

from adapters.http_client.client import Jitter
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities

S = TypeVar("S")


class LpTools(msgspec.Struct, frozen=True, kw_only=True):
    """What every adapter gets. `instruments` tell base from quote in the LP's records."""

    clock: Clock
    jitter: Jitter
    instruments: tuple[Instrument, ...] = ()


class LpPlugin(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    dialect: str
    settings: type[S]
    capabilities: Capabilities
    build: Callable[[S, LpTools], LiquidityProvider]

    def make(self, raw: Mapping[str, object], tools: LpTools) -> LiquidityProvider:
        """From untyped settings. Raises `msgspec.ValidationError` and names the field."""
        return self.build(msgspec.convert(raw, self.settings, strict=False), tools)


class Dialect(Protocol):
    """An `LpPlugin` without the type of its settings, so that one tuple can hold them all."""

    @property
    @abstractmethod
    def dialect(self) -> str: ...

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    @abstractmethod
    def make(self, raw: Mapping[str, object], tools: LpTools) -> LiquidityProvider: ...
