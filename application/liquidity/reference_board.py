"""References as this process knows them, refreshed in the background while quotes are asked for.

Each source of each instrument is a loop of its own, so that a slow vendor delays no other. Loops
begin with the first question about an instrument and end when nobody has asked for a while.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.price_reference import Freshness, PriceReference
from domain.assets.instrument import Instrument
from domain.liquidity.reference import Reference

# The longest that a request waits for references, and only where there were none before.
REFERENCE_WAIT: Final = timedelta(milliseconds=500)
# Longer than any quote of ours lives: what was quoted here can be judged again at acceptance.
KEEP_FRESH: Final = timedelta(seconds=40)
# A source that fails is asked more and more rarely, up to this.
REST_MOST: Final = timedelta(seconds=15)
FAILURES_MOST: Final = 8

_log = logging.getLogger(__name__)

Pause = Callable[[timedelta], Awaitable[None]]


async def sleep(duration: timedelta) -> None:
    await asyncio.sleep(duration.total_seconds())


class _Series:
    """One source of one instrument; `answered` once it was asked, whatever came of it."""

    def __init__(self, source: PriceReference, instrument: Instrument) -> None:
        self.source = source
        self.instrument = instrument
        self.last: Reference | None = None
        self.failures = 0
        self.answered = asyncio.Event()
        self.loop: asyncio.Task[None] | None = None

    async def ask(self) -> None:
        try:
            read = await self.source.read(self.instrument)
        except Exception:  # noqa: BLE001 - or each request would begin the loop and ask anew
            _log.exception("reading %s of %s failed", self.instrument.symbol, self.source.source)
            read = None
        if read is None:
            self.failures = min(self.failures + 1, FAILURES_MOST)
        else:
            self.last, self.failures = read, 0
        self.answered.set()

    def rest(self) -> timedelta:
        most = max(REST_MOST, self.source.every)
        return min(self.source.every * (1 << self.failures), most)


class _Watch:
    def __init__(self, series: tuple[_Series, ...], until: datetime) -> None:
        self.series = series
        self.until = until


class ReferenceBoard:
    """Implements `References` over any number of sources."""

    def __init__(
        self, sources: Iterable[PriceReference], *, clock: Clock, pause: Pause = sleep
    ) -> None:
        self._sources = tuple(sources)
        self._clock = clock
        self._pause = pause
        self._watches: dict[str, _Watch] = {}
        self._closed = False

    def known(self, instrument: Instrument) -> tuple[Reference, ...]:
        watch = self._watches.get(instrument.symbol)
        if watch is None:
            return ()
        return tuple(each.last for each in watch.series if each.last is not None)

    async def ready(self, instrument: Instrument) -> None:
        now = self._clock.now()
        watch = self._watches.get(instrument.symbol)
        if watch is None:
            series = tuple(_Series(source, instrument) for source in self._sources)
            watch = self._watches[instrument.symbol] = _Watch(series, now)
        watch.until = now + KEEP_FRESH
        first = [each for each in watch.series if self._is_awaited(each, watch)]
        if first:
            waiting = [asyncio.create_task(each.answered.wait()) for each in first]
            try:
                await asyncio.wait(waiting, timeout=REFERENCE_WAIT.total_seconds())
            finally:
                # Also when the caller hangs up.
                for task in waiting:
                    task.cancel()

    def report(self) -> tuple[Freshness, ...]:
        now = self._clock.now()
        return tuple(
            Freshness(
                instrument=symbol,
                source=each.source.source,
                vendor=each.source.vendor,
                failures=each.failures,
                reference=each.last,
                age_ms=None if each.last is None else _ms(now - each.last.observed_at),
            )
            for symbol, watch in sorted(self._watches.items())
            for each in watch.series
        )

    async def close(self) -> None:
        self._closed = True
        loops = [
            each.loop
            for watch in self._watches.values()
            for each in watch.series
            if each.loop is not None
        ]
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for source in self._sources:
            await source.close()

    def _is_awaited(self, series: _Series, watch: _Watch) -> bool:
        """Starts the loop where none runs. One that failed last time is not waited for."""
        if not self._closed and (series.loop is None or series.loop.done()):
            series.answered.clear()
            series.loop = asyncio.create_task(self._keep_fresh(series, watch))
        return not series.answered.is_set() and series.failures == 0 and not self._closed

    async def _keep_fresh(self, series: _Series, watch: _Watch) -> None:
        while self._clock.now() < watch.until:
            await series.ask()
            await self._pause(series.rest())


def _ms(age: timedelta) -> int:
    return age // timedelta(milliseconds=1)
