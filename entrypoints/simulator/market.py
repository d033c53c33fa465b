"""One seeded market behind every dialect: a price is a function of (seed, instrument, time).

Simulators with one seed agree on the reference price without talking to each other, a restart
continues the same walk, and yesterday's price can be asked for (which is what `stale_price` does).
The walk is a sum of octaves: each has a value drawn from the seed at every multiple of its period,
straight lines in between, and twice the height for four times the period, as a random walk has.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from hashlib import blake2b

import msgspec

from entrypoints.simulator.decimals import plus, rounded, times

TICK_MS = 250
OCTAVES = 10  # the slowest turns in 18 hours and moves the price by 512 steps
PPM = 1_000_000
_ONE_DRAW = 1 << 31


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """`start` is the price the walk turns around; it never strays further than 1,023 steps."""

    base: str
    quote: str
    start: Decimal
    places: int
    half_spread_ppm: int
    step_ppm: int

    @property
    def symbol(self) -> str:
        return f"{self.base}-{self.quote}"


class Book(msgspec.Struct, frozen=True):
    """Quote units for one base unit; bid <= mid <= ask."""

    bid: Decimal
    mid: Decimal
    ask: Decimal


def _instrument(base: str, quote: str, start: str, places: int, ppm: tuple[int, int]) -> Instrument:
    return Instrument(
        base=base,
        quote=quote,
        start=Decimal(start),
        places=places,
        half_spread_ppm=ppm[0],
        step_ppm=ppm[1],
    )


# Wider where the real market is: spread and step in ppm are the last pair.
INSTRUMENTS = (
    _instrument("BTC", "USDT", "64000", 2, (200, 10)),
    _instrument("ETH", "USDT", "3100", 2, (250, 12)),
    _instrument("USDC", "USDT", "1", 4, (50, 1)),
    _instrument("USDT", "NGN", "1550", 2, (2_000, 4)),
    _instrument("USDT", "KES", "129", 2, (1_500, 3)),
    _instrument("USDT", "ZAR", "18.4", 4, (1_000, 4)),
    _instrument("BTC", "ZAR", "1177600", 0, (800, 10)),
)


class UnknownInstrument(LookupError):
    """Not one of INSTRUMENTS."""


class Market:
    def __init__(self, seed: int, instruments: tuple[Instrument, ...] = INSTRUMENTS) -> None:
        self._seed = seed
        self._by_symbol = {instrument.symbol: instrument for instrument in instruments}
        self._set: dict[str, Book] = {}
        self._latest: dict[str, tuple[int, Book]] = {}

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_symbol.values())

    def instrument(self, symbol: str) -> Instrument:
        try:
            return self._by_symbol[symbol]
        except KeyError:
            raise UnknownInstrument(symbol) from None

    def find(self, base: str, quote: str) -> Instrument | None:
        return self._by_symbol.get(f"{base}-{quote}")

    def book(self, instrument: Instrument, at_ms: int) -> Book:
        """What was set by hand, or else the walk at that time."""
        held = self._set.get(instrument.symbol)
        if held is not None:
            return held
        tick = at_ms // TICK_MS
        latest = self._latest.get(instrument.symbol)
        if latest is not None and latest[0] == tick:
            return latest[1]
        book = self.around(instrument, self._walk(instrument, tick))
        self._latest[instrument.symbol] = (tick, book)
        return book

    def hold(self, instrument: Instrument, book: Book) -> None:
        """The price stands still at `book` until `release`."""
        self._set[instrument.symbol] = book

    def release(self) -> None:
        self._set.clear()

    def around(self, instrument: Instrument, mid: Decimal) -> Book:
        """The instrument's spread around a mid price, rounded outwards to its tick."""
        half = times(mid, Decimal(instrument.half_spread_ppm).scaleb(-6))
        places = instrument.places
        return Book(
            bid=rounded(plus(mid, -half), places=places, rounding=ROUND_FLOOR),
            mid=mid,
            ask=rounded(plus(mid, half), places=places, rounding=ROUND_CEILING),
        )

    def _walk(self, instrument: Instrument, tick: int) -> Decimal:
        offset_ppb = 0
        for octave in range(OCTAVES):
            period = 4**octave
            index, into = divmod(tick, period)
            left = self._draw(instrument.symbol, octave, index)
            right = self._draw(instrument.symbol, octave, index + 1) if into else 0
            value = (left * (period - into) + right * into) // period
            offset_ppb += instrument.step_ppm * 1_000 * 2**octave * value // _ONE_DRAW
        factor = Decimal(PPM * 1_000 + offset_ppb).scaleb(-9)
        return rounded(
            times(instrument.start, factor), places=instrument.places, rounding=ROUND_HALF_EVEN
        )

    def _draw(self, symbol: str, octave: int, index: int) -> int:
        """Evenly from -2**31 up to 2**31."""
        text = f"{self._seed}/{symbol}/{octave}/{index}".encode()
        return int.from_bytes(blake2b(text, digest_size=4).digest()) - _ONE_DRAW
