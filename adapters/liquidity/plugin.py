"""How a dialect declares itself. `entrypoints/wiring/registry.py` lists the declarations."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

from adapters.http_client.client import HttpClient, Jitter
from adapters.liquidity.settings import VendorSettings
from adapters.liquidity.ticker import PublicTicker, Ticker
from application.ports.clock import Clock
from application.ports.liquidity import LiquidityProvider
from domain.assets.instrument import Instrument
from domain.liquidity.capabilities import Capabilities

S = TypeVar("S", bound=VendorSettings)


class LpTools(msgspec.Struct, frozen=True, kw_only=True):
    """What every adapter gets. `instruments` tell base from quote in the LP's records."""

    clock: Clock
    jitter: Jitter
    instruments: tuple[Instrument, ...] = ()


class LpPlugin(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """`vendor` is whose prices these are: dialects of one vendor are one opinion. `ticker` is None
    where the vendor shows no prices to the public.
    """

    dialect: str
    settings: type[S]
    capabilities: Capabilities
    vendor: str
    ticker: Ticker | None = None
    build: Callable[[S, LpTools], LiquidityProvider]

    def make(self, raw: Mapping[str, object], tools: LpTools) -> LiquidityProvider:
        """From untyped settings. Raises `msgspec.ValidationError` and names the field."""
        return self.build(msgspec.convert(raw, self.settings, strict=False), tools)

    def reference(self, raw: Mapping[str, object], tools: LpTools) -> PublicTicker | None:
        """The vendor's public prices, asked for without credentials. Raises as `make`."""
        if self.ticker is None:
            return None
        settings = msgspec.convert(raw, self.settings, strict=False)
        return PublicTicker(
            self.ticker,
            source=settings.name,
            vendor=self.vendor,
            base_url=settings.base_url,
            http=HttpClient(jitter=tools.jitter),
            clock=tools.clock,
        )


class Dialect(Protocol):
    """An `LpPlugin` without the type of its settings, so that one tuple can hold them all."""

    @property
    @abstractmethod
    def dialect(self) -> str: ...

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    @property
    @abstractmethod
    def vendor(self) -> str: ...

    @abstractmethod
    def reference(self, raw: Mapping[str, object], tools: LpTools) -> PublicTicker | None: ...

    @abstractmethod
    def make(self, raw: Mapping[str, object], tools: LpTools) -> LiquidityProvider: ...
