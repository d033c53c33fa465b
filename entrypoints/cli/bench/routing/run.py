"""Quotes in short turns, one side after the other, and the CPU time of this process."""

import asyncio
import os
import statistics
from pathlib import Path
from time import process_time_ns
from typing import Final

import msgspec

from application.idempotency import fingerprint
from application.ports.idempotency import IdempotentRequest
from application.quotes.request_quote import RequestQuote, RequestQuoteCommand
from domain.quotes.quote import Quote
from domain.shared.side import FixedSide, Side
from entrypoints.cli.bench.report import progress
from entrypoints.cli.bench.routing.lab import PRIMARY, RoutingLab, routing_lab

SYMBOL: Final = "BTC-USDT"
BASE_UNITS: Final = 1_000_000  # 0.01 BTC
NS_PER_US: Final = 1_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`turns` of each side, of `quotes` each, by `clients` at once."""

    folder: Path
    turns: int
    quotes: int
    clients: int


class Turn(msgspec.Struct, frozen=True):
    """CPU microseconds per quote; the ratio is of two turns that followed each other."""

    routed_us: float
    single_us: float

    @property
    def ratio(self) -> float:
        return self.routed_us / self.single_us


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    plan: Plan
    turns: tuple[Turn, ...]
    checks: dict[str, bool]
    lps: int

    @property
    def ratio(self) -> float:
        return statistics.median(turn.ratio for turn in self.turns)


async def measure(plan: Plan) -> Measured:
    progress("starting a database and the simulators")
    async with routing_lab(plan.folder) as lab:
        seen: list[Quote] = []
        # What is made on first use: connections, statements, what is known of the vendor.
        for request_quote in (lab.routed, lab.single):
            await _turn(lab, request_quote, plan, seen)
        progress(f"{plan.turns} turns of {plan.quotes} quotes on each side")
        turns = []
        for number in range(plan.turns):
            # Whoever goes first finds other caches than whoever follows.
            sides = (lab.routed, lab.single) if number % 2 else (lab.single, lab.routed)
            took = [await _turn(lab, each, plan, seen) for each in sides]
            routed, single = took if number % 2 else reversed(took)
            turns.append(Turn(routed, single))
        expected = (plan.turns + 1) * 2 * _each(plan) * plan.clients
        checks = {
            "every request was quoted": len(seen) == expected,
            "no quote was given twice": len({quote.id for quote in seen}) == len(seen),
            "every amount is what was asked for": all(
                quote.base_units == BASE_UNITS for quote in seen
            ),
            "all were of the primary, which was well": all(quote.lp == PRIMARY for quote in seen),
        }
        return Measured(plan=plan, turns=tuple(turns), checks=checks, lps=lab.lps)


async def _turn(
    lab: RoutingLab, request_quote: RequestQuote, plan: Plan, seen: list[Quote]
) -> float:
    """CPU microseconds per quote."""

    async def client() -> None:
        for _ in range(_each(plan)):
            answer = await request_quote.execute(_command(lab))
            seen.append(answer.value)

    before = process_time_ns()
    await asyncio.gather(*(client() for _ in range(plan.clients)))
    return (process_time_ns() - before) / NS_PER_US / (_each(plan) * plan.clients)


def _each(plan: Plan) -> int:
    return max(plan.quotes // plan.clients, 1)


def _command(lab: RoutingLab) -> RequestQuoteCommand:
    key = os.urandom(12).hex()
    return RequestQuoteCommand(
        tenant_id=lab.tenant_id,
        request=IdempotentRequest(key, fingerprint("quotes", key)),
        customer_id=lab.customer_id,
        instrument=SYMBOL,
        side=Side.BUY,
        fixed=FixedSide.BASE,
        units=BASE_UNITS,
    )
