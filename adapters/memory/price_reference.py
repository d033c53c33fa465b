"""References that say what they are told, or what the prices they look over say at the moment."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from application.ports.clock import Clock
from application.ports.price_reference import Freshness
from domain.assets.instrument import Instrument
from domain.liquidity.reference import Reference
from domain.shared.price import Price

VENDORS: Final = ("first", "second")


class MemoryReferences:
    """One reference of each of `vendors`, always fresh, at the price that `prices` has then.

    `age` makes all of them older, `off_bps` moves a vendor's, `silent` ones say nothing.
    """

    def __init__(
        self, prices: Mapping[str, Price], *, clock: Clock, vendors: tuple[str, ...] = VENDORS
    ) -> None:
        self._prices = prices
        self._clock = clock
        self._vendors = vendors
        self.age = timedelta(0)
        self.off_bps: dict[str, int] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []

    def known(self, instrument: Instrument) -> tuple[Reference, ...]:
        price = self._prices.get(instrument.symbol)
        if price is None:
            return ()
        return tuple(
            self._reference(vendor, price.value)
            for vendor in self._vendors
            if vendor not in self.silent
        )

    async def ready(self, instrument: Instrument) -> None:
        self.asked.append(instrument.symbol)

    def report(self) -> tuple[Freshness, ...]:
        """Nothing grows old here but by `age`, which a test knows."""
        return ()

    def _reference(self, vendor: str, price: Decimal) -> Reference:
        told = price * (10_000 + self.off_bps.get(vendor, 0)) / 10_000
        return Reference(
            source=vendor,
            vendor=vendor,
            bid=told,
            ask=told,
            observed_at=self._clock.now() - self.age,
        )
