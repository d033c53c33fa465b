"""Misbehaviour by turns, requests at random, and an oracle that knows the market."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from application.errors import NoLiquidity
from domain.liquidity.quote import LpName
from domain.quotes.limits import AmountBelowMinimum
from domain.quotes.quote import Quote
from domain.shared.errors import DomainError
from domain.shared.money import PPM
from domain.shared.side import FixedSide, Side
from entrypoints.cli.sandbox.samples import LIMITS
from tests.liquidity.guard_stage import BACKUP, BUSHA, BYBIT, LUNO, PRIMARY, GuardStage

LPS: Final = (PRIMARY, BACKUP, BYBIT, LUNO, BUSHA)
MANY: Final = 1_000_000
# What the market moves while a request is under way, and while a reference is still fresh.
MOVED_PPM: Final = 1_000
ROUNDING_PPM: Final = 500

# (fault, parameters): one of them strikes some of the providers for a while.
QUOTE_FAULTS: Final[tuple[tuple[str, dict[str, int]], ...]] = (
    ("price_off_by", {"bps": 200}),
    ("price_off_by", {"bps": -200}),
    ("price_off_by", {"bps": 90}),
    ("price_off_by", {"bps": -90}),
    ("price_off_by", {"bps": 1_000}),
    ("price_off_by", {"bps": -5_000}),
    ("stale_price", {"age_ms": 3_600_000}),
    ("stale_price", {"age_ms": 86_400_000}),
    ("quote_slow", {"ms": 20}),
    ("quote_5xx", {}),
    ("limits_changed", {}),
)
TICKER_FAULTS: Final[tuple[tuple[str, dict[str, int]], ...]] = (
    ("ticker_off_by", {"bps": 50}),
    ("ticker_off_by", {"bps": -300}),
    ("ticker_off_by", {"bps": 2_000}),
    ("ticker_stale", {"age_ms": 3_600_000}),
    ("ticker_stale", {"age_ms": 60_000}),
    ("ticker_crossed", {}),
    ("ticker_5xx", {}),
)
# Smallest and largest amounts of base, and how many decimals they have.
AMOUNTS: Final = {
    "BTC-USDT": (Decimal("0.001"), Decimal(20), 5),
    "ETH-USDT": (Decimal("0.02"), Decimal(400), 4),
    "BTC-ZAR": (Decimal("0.001"), Decimal(5), 5),
    "USDT-NGN": (Decimal(10), Decimal(100_000), 2),
    "USDT-KES": (Decimal(10), Decimal(100_000), 2),
}


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """A turn is as many requests as one state of misbehaviour lasts for."""

    requests: int
    together: int
    seed: int
    turn: int = 250


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    lp: LpName
    instrument: str
    price: Decimal
    market: Decimal
    faults: str


class Counts(msgspec.Struct, kw_only=True):
    quoted: Counter[str] = msgspec.field(default_factory=Counter)
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    farthest_ppm: dict[str, int] = msgspec.field(default_factory=dict)
    outside: list[Outside] = msgspec.field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.quoted.total() + self.refused.total()

    def is_proof(self) -> bool:
        """Of a guard that refuses and of one that lets by."""
        return not self.outside and self.quoted.total() > 0 and self.refused.total() > 0

    def table(self) -> str:
        rows = [
            ("requests", self.requests),
            ("quotes", self.quoted.total()),
            ("no liquidity", self.refused.total()),
            ("outside the guard", len(self.outside)),
            *((f"  quoted by {lp}", count) for lp, count in sorted(self.quoted.items())),
            *((f"  refused: {why}", count) for why, count in sorted(self.refused.items())),
            *((f"  requests under {each}", n) for each, n in sorted(self.faults.items())),
            *(
                (f"  farthest from the market, ppm, {symbol}", ppm)
                for symbol, ppm in sorted(self.farthest_ppm.items())
            ),
            *((f"  OUTSIDE {each}", "") for each in self.outside[:20]),
        ]
        return "\n".join(f"{name:<55}{value:>10}" for name, value in rows)


async def run(stage: GuardStage, size: Size) -> Counts:
    counts, chance = Counts(), random.Random(size.seed)
    done = 0
    while done < size.requests:
        faults = await _misbehave(stage, chance)
        turn = min(size.turn, size.requests - done)
        waiting = iter(range(turn))
        asking = (_ask(waiting, stage, chance, counts, faults) for _ in range(size.together))
        await asyncio.gather(*asking)
        counts.faults[faults] += turn
        done += turn
    await stage.disarm()
    return counts


async def _ask(
    waiting: Iterator[int],
    stage: GuardStage,
    chance: random.Random,
    counts: Counts,
    faults: str,
) -> None:
    """One of those that share what is still to be asked."""
    for _ in waiting:
        await _request(stage, chance, counts, faults)


async def _misbehave(stage: GuardStage, chance: random.Random) -> str:
    """One or two kinds of trouble for some providers, or none; tickers lie at one vendor at most,
    because two liars who agree are an honest market to anybody who does not know it.
    """
    await stage.disarm()
    named = []
    if chance.random() < 0.9:
        fault, params = chance.choice(QUOTE_FAULTS)
        for lp in chance.sample(LPS, chance.randint(1, len(LPS))):
            await stage.arm(lp, fault, count=MANY, **params) if _shows(lp, fault) else None
        named.append(_word(fault, params))
    if chance.random() < 0.5:
        fault, params = chance.choice(TICKER_FAULTS)
        vendor = chance.choice(((PRIMARY, BACKUP), (BYBIT,), (LUNO,)))
        for lp in vendor:
            await stage.arm(lp, fault, **params)
        named.append(_word(fault, params))
    return " + ".join(named) or "nothing"


def _shows(lp: LpName, fault: str) -> bool:
    return not (fault == "limits_changed" and lp == LUNO)


def _word(fault: str, params: dict[str, int]) -> str:
    return fault + "".join(f" {name}={value}" for name, value in params.items())


async def _request(stage: GuardStage, chance: random.Random, counts: Counts, faults: str) -> None:
    symbol = chance.choice(tuple(AMOUNTS))
    low, high, places = AMOUNTS[symbol]
    side, fixed = chance.choice(tuple(Side)), chance.choice(tuple(FixedSide))
    amount = low + (high - low) * Decimal(chance.randint(0, 1_000)) / 1_000
    if fixed is FixedSide.QUOTE:
        amount, places = amount * stage.true_price(symbol), 2
    try:
        quote = await stage.quote(
            symbol, side, str(amount.quantize(Decimal(1).scaleb(-places))), fixed=fixed
        )
    except NoLiquidity:
        counts.refused["no liquidity"] += 1
    except AmountBelowMinimum as error:
        raise AssertionError("the amounts of this soak are within the limits") from error
    except DomainError as error:
        counts.refused[error.code] += 1
    else:
        _judge(stage, quote, counts, faults)


def _judge(stage: GuardStage, quote: Quote, counts: Counts, faults: str) -> None:
    """By the customer's own amounts, which carry no spread of ours on this stage."""
    counts.quoted[quote.lp] += 1
    symbol = quote.instrument
    market = stage.true_price(symbol)
    scales = stage.store.instruments[symbol]
    price = Decimal(quote.quote_units).scaleb(-scales.quote.scale) / Decimal(
        quote.base_units
    ).scaleb(-scales.base.scale)
    off_ppm = int(abs(price - market) / market * PPM)
    counts.farthest_ppm[symbol] = max(counts.farthest_ppm.get(symbol, 0), off_ppm)
    if off_ppm > allowed_ppm(symbol):
        counts.outside.append(
            Outside(lp=quote.lp, instrument=symbol, price=price, market=market, faults=faults)
        )


def allowed_ppm(symbol: str) -> int:
    """The limit at the quote, and what one reference of two may move the median by."""
    limits = LIMITS[symbol]
    return limits.bands[-1].at_quote_ppm + limits.apart_max_ppm + MOVED_PPM + ROUNDING_PPM
