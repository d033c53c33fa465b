"""Several LPs asked for one quote: who is asked when, whose answer counts, and how it ends.

Whatever was started has ended before the caller goes on, however the caller goes on. Only a probe,
which was let through to learn something, is left to finish and report.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from domain.liquidity.quote import LpName, LpQuote, LpQuoteRefused, QuoteRefusal
from domain.liquidity.routing import Step, rank

T = TypeVar("T")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an LP answered, or was made to answer by whoever stopped waiting, and after how long.

    `cut_off`: it had not answered when the race was over.
    """

    lp: LpName
    answer: LpQuote | LpQuoteRefused
    latency_ms: int
    cut_off: bool = False


class Started(msgspec.Struct, frozen=True):
    """An LP that was asked; the task does not raise. `is_ours`: it ends when the race is over.

    `may_win`: its quote may be offered, so that it is waited for.
    """

    task: "asyncio.Task[Said]"
    is_ours: bool = True
    may_win: bool = True


class Won(msgspec.Struct, Generic[T], frozen=True):
    offer: T


class Race(Generic[T]):
    """Used once. `accept` makes an offer of a quote, and raises one of `at_fault` where it cannot;
    `reason` is what that is called as a refusal.

    `said` is what is known of every LP that was asked, in the order in which it became known.
    """

    def __init__(
        self,
        start: Callable[[LpName], Started],
        *,
        accept: Callable[[LpQuote], Awaitable[T]],
        at_fault: tuple[type[Exception], ...],
        reason: Callable[[Exception], QuoteRefusal],
    ) -> None:
        self._start_one = start
        self._accept = accept
        self._at_fault = at_fault
        self._reason = reason
        self._running: dict[asyncio.Task[Said], tuple[LpName, Started, int]] = {}
        self._held: dict[LpName, LpQuote] = {}
        self.said: dict[LpName, Said] = {}

    async def run(self, steps: tuple[Step, ...], *, deadline_ms: int) -> Won[T] | None:
        """None when nobody quotes within the deadline. Raises what else `accept` raises."""
        try:
            return await self._decide(steps, moment_ms() + deadline_ms)
        finally:
            if self._running:
                await self._stop()

    async def _decide(self, steps: tuple[Step, ...], end_ms: int) -> Won[T] | None:
        for step in steps:
            begun_ms = moment_ms()
            begun = self._start(step, begun_ms)
            last, comparing = step is steps[-1], step.best
            patient_ms = end_ms if step.patience_ms is None else begun_ms + step.patience_ms
            while self._running and (last or not begun.isdisjoint(self._running)):
                until_ms = min(patient_ms, end_ms)
                done, _ = await asyncio.wait(
                    self._running,
                    timeout=max(until_ms - moment_ms(), 0) / 1000,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._read(done)
                comparing = comparing and bool(done) and not begun.isdisjoint(self._running)
                if not comparing and self._held and (won := await self._offer()) is not None:
                    return won
                if not done:
                    if until_ms == end_ms:
                        return None
                    if not last:
                        break
                    patient_ms = end_ms
        return None

    def _start(self, step: Step, at_ms: int) -> frozenset[asyncio.Task[Said]]:
        begun = []
        for lp in step.lps:
            started = self._start_one(lp)
            if started.may_win:
                self._running[started.task] = (lp, started, at_ms)
                begun.append(started.task)
        return frozenset(begun)

    def _read(self, done: set[asyncio.Task[Said]]) -> None:
        for task in done:
            lp, _, _ = self._running.pop(task)
            said = self.said[lp] = task.result()
            if isinstance(said.answer, LpQuote):
                self._held[lp] = said.answer

    async def _offer(self) -> Won[T] | None:
        """Of the quotes that are held the best that an offer can be made of."""
        quotes = rank(tuple(self._held.values())) if len(self._held) > 1 else self._held.values()
        for lp_quote in tuple(quotes):
            try:
                return Won(await self._accept(lp_quote))
            except self._at_fault as error:
                del self._held[lp_quote.lp]
                self.said[lp_quote.lp] = msgspec.structs.replace(
                    self.said[lp_quote.lp],
                    answer=refusal(lp_quote.lp, self._reason(error), str(error)),
                )
        return None

    async def _stop(self) -> None:
        losers = []
        for task, (lp, started, asked_at_ms) in self._running.items():
            self.said[lp] = Said(
                lp=lp,
                answer=refusal(lp, QuoteRefusal.TIMEOUT, "it had not answered in time"),
                latency_ms=moment_ms() - asked_at_ms,
                cut_off=True,
            )
            if started.is_ours and task.cancel():
                losers.append(task)
        self._running = {}
        if losers:
            await asyncio.wait(losers)


def refusal(lp: LpName, reason: QuoteRefusal, detail: str) -> LpQuoteRefused:
    return LpQuoteRefused(lp=lp, reason=reason, detail=detail)


def moment_ms() -> int:
    """By the loop's clock, which timers go by and nobody sets back."""
    return round(asyncio.get_running_loop().time() * 1000)
