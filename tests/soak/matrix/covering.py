"""A small sample of cells in which every two values that meet anywhere meet at least once."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import TypeVar

C = TypeVar("C")

Value = tuple[str, str]


def pairs_of(values: Sequence[Value]) -> frozenset[tuple[Value, Value]]:
    return frozenset(combinations(values, 2))


def covering(cells: Iterable[C], factors: Callable[[C], Sequence[Value]]) -> list[C]:
    """Greedy: always the cell with most pairs that are not covered yet, the earlier of two.

    What a cell adds only ever shrinks, so a count that is still the highest after it was taken
    anew is the highest of all (Minoux's lazy evaluation).
    """
    of = [(cell, pairs_of(factors(cell))) for cell in cells]
    left = {pair for _, pairs in of for pair in pairs}
    queue = [(-len(pairs), number) for number, (_, pairs) in enumerate(of)]
    heapq.heapify(queue)
    chosen: list[C] = []
    while left:
        _, number = heapq.heappop(queue)
        cell, pairs = of[number]
        adds = len(pairs & left)
        if queue and -adds > queue[0][0]:
            heapq.heappush(queue, (-adds, number))
            continue
        chosen.append(cell)
        left -= pairs
    return chosen
