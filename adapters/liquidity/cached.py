"""What changes rarely at a vendor, loaded once for all who wait and refreshed behind them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import msgspec

from application.ports.clock import Clock

T = TypeVar("T")

ASK_AGAIN_AFTER: Final = timedelta(seconds=5)


class Freshness(msgspec.Struct, frozen=True):
    """Refreshed in the background after `fresh_for`; of no use after `usable_for`."""

    fresh_for: timedelta
    usable_for: timedelta


class Cached(Generic[T]):
    """One value, loaded once for all who wait. `load` answers None on failure and never raises."""

    def __init__(
        self, load: Callable[[], Awaitable[T | None]], *, clock: Clock, freshness: Freshness
    ) -> None:
        self._load = load
        self._clock = clock
        self._freshness = freshness
        self._value: T | None = None
        self._loaded_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._loading: asyncio.Task[None] | None = None

    async def get(self) -> T | None:
        """None while the vendor cannot be asked and what was known is too old."""
        now = self._clock.now()
        age = None if self._loaded_at is None else now - self._loaded_at
        if age is not None and age <= self._freshness.fresh_for:
            return self._value
        usable = age is not None and age <= self._freshness.usable_for
        rests = self._failed_at is not None and now - self._failed_at < ASK_AGAIN_AFTER
        if not rests:
            loading = self._start(now)
            if not usable:
                # Shielded: one caller that hangs up must not take the value from the others.
                await asyncio.shield(loading)
                usable = self._loaded_at is not None and self._failed_at is None
        return self._value if usable else None

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    def _start(self, now: datetime) -> "asyncio.Task[None]":
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._refresh(now))
        return self._loading

    async def _refresh(self, now: datetime) -> None:
        value = await self._load()
        if value is None:
            self._failed_at = now
        else:
            self._value, self._loaded_at, self._failed_at = value, now, None
