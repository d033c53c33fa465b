"""Every adapter, every fault of its vendor, a kill wherever a process waits: a sample of all pairs.

`./dev soak matrix` plays the whole. In the sample every two of an adapter, a fault of the
execution, a fault of the lookup and a place of the kill meet at least once, where they can.
"""

from collections import Counter
from itertools import combinations
from typing import Final

import pytest

from tests.fixtures.postgres_servers import Database
from tests.liquidity.trades import TRADES
from tests.soak.matrix.cells import (
    KILLS,
    Cell,
    Kill,
    Paths,
    Phase,
    Way,
    factors,
    load_paths,
    made_paths,
    matrix,
    pairs,
    planned,
)
from tests.soak.matrix.checks import book_findings
from tests.soak.matrix.covering import covering, pairs_of
from tests.soak.matrix.progress import other_ways
from tests.soak.matrix.runner import Result, Verdict, run
from tests.soak.matrix.stage import staged

SAMPLE_MAX: Final = 400
# One in so many may find nobody at its place: on a busy machine an answer comes too late, and the
# way is another one. Everything else is checked all the same.
UNMET_ONE_IN: Final = 20


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_anywhere_with_any_fault_an_order_is_executed_and_booked_at_most_once(
    database_18: Database,
) -> None:
    cells = covering(planned(load_paths()).cells, factors)
    played: dict[Cell, Verdict] = {}

    def tell(verdict: Verdict) -> None:
        played[verdict.cell] = verdict

    async with staged(database_18) as stage:
        await run(stage, cells, tell)
        left_open = sum(each.result is Result.OPERATOR for each in played.values())
        wrong = await book_findings(stage, left_open=left_open)
    broken = [each for each in played.values() if each.result is Result.BROKEN]
    unmet = [str(each.cell) for each in played.values() if each.result is Result.UNMET]
    print(Counter(each.result for each in played.values()), unmet)
    assert broken == []
    assert wrong == []
    assert played.keys() == set(cells)
    unmet += other_ways(played, load_paths())
    assert len(unmet) <= len(cells) // UNMET_ONE_IN, unmet


def test_sample_has_every_pair_that_the_matrix_has() -> None:
    cells = planned(load_paths()).cells
    sample = covering(cells, factors)
    there = {pair for cell in cells for pair in pairs_of(factors(cell))}
    assert there == {pair for cell in sample for pair in pairs_of(factors(cell))}
    assert len(sample) <= SAMPLE_MAX


def test_matrix_is_whole_and_counts_what_it_leaves_out() -> None:
    plan = planned(load_paths())
    whole = len(list(pairs())) * (1 + len(KILLS))
    assert len(list(matrix())) == whole == len(plan.cells) + sum(plan.why_not.values())
    assert {cell.dialect for cell in plan.cells} == set(TRADES)
    assert [cell for cell in pairs() if load_paths().way(cell) is None] == []


def test_ways_that_are_written_down_again_are_the_same() -> None:
    paths = load_paths()
    assert made_paths(paths.known()) == paths


def test_kill_that_is_not_on_the_way_does_not_apply_and_says_why() -> None:
    cell = next(pairs())
    leased = Kill(Phase.RESOLVER, "resolve_execution.leased")
    settled = Kill(Phase.RESOLVER, "record_outcome.before_commit")
    way = Way(request=(), resolver=(leased.point,))
    names = {cell.dialect: {cell.execution: {cell.lookup: "the way"}}}
    paths = Paths({"the way": way}, names)
    applies = Cell(cell.dialect, cell.execution, cell.lookup, leased)
    does_not = Cell(cell.dialect, cell.execution, cell.lookup, settled)
    assert paths.why_not(applies) is None
    assert paths.why_not(does_not) == "looking never settles it: an operator has to"


def test_covering_takes_few_of_a_full_product() -> None:
    product = [(a, b, c) for a in "0123" for b in "0123" for c in "0123"]

    def named(cell: tuple[str, str, str]) -> tuple[tuple[str, str], ...]:
        return tuple(zip("abc", cell, strict=True))

    chosen = covering(product, named)
    for first, second in combinations(range(3), 2):
        assert len({(cell[first], cell[second]) for cell in chosen}) == 16
    assert len(chosen) <= 20
