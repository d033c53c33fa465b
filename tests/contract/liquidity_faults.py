"""Every fault that a simulated vendor can show, against its adapter: the answers agree with what
happened, and nothing happens twice.
"""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

from domain.liquidity.outcome import Filled, NotSeen, Outcome, Rejected
from domain.liquidity.quote import LpQuote
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.fault_catalog import CATALOG
from entrypoints.simulator.faults import Stage
from tests.contract.liquidity_lab import Lab, executed, let_absence_become_final, looked_up, quoted

LOOKS_MAX = 5


class FaultLab(Lab, Protocol):
    @abstractmethod
    async def disarm(self) -> None: ...


def faults_at(dialect: str, *stages: Stage) -> list[str]:
    """Of this dialect, by name, and first of all none."""
    names = DIALECTS[dialect].faults
    return ["", *(name for name in names if CATALOG[name].stages.intersection(stages))]


async def assert_answers_agree_with_what_happened(lab: FaultLab, *faults: str) -> None:
    """From an open quote with these faults armed up to the final answer."""
    quote = await quoted(lab)
    for name in filter(None, faults):
        await lab.arm(name)
    outcome = await executed(lab, quote)
    happened = await lab.executions()
    assert happened in (0, 1)
    assert_not_contradicted(outcome, happened)
    await lab.disarm()
    let_absence_become_final(lab, quote)
    lab.advance(timedelta(minutes=2))
    final = await final_answer(lab, quote)
    assert isinstance(final, Filled) == (happened == 1)
    if happened == 0 and lab.provider.capabilities.proves_absence:
        assert isinstance(final, Rejected) or (isinstance(final, NotSeen) and final.authoritative)
    assert_not_contradicted(final, happened)
    assert await lab.executions() == happened


def assert_not_contradicted(said: Outcome | NotSeen, happened: int) -> None:
    match said:
        case Filled():
            assert happened == 1
        case Rejected() | NotSeen(authoritative=True):
            assert happened == 0


async def final_answer(lab: Lab, quote: LpQuote) -> Outcome | NotSeen:
    seen = await looked_up(lab, quote)
    for _ in range(LOOKS_MAX):
        if isinstance(seen, Filled | Rejected | NotSeen):
            break
        seen = await looked_up(lab, quote)
    return seen
