"""The matrix as data: each adapter, each fault of an execution, each of a lookup, each kill.

What a cell's processes pass when nobody kills them is known (`paths.json`, written by a run and
compared by every other one). A kill at a place that is not on this way does not apply, for a reason
that is named; everything else is played.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from typing_extensions import override

from application import crash_points
from entrypoints.simulator.dialects import DIALECTS
from entrypoints.simulator.fault_catalog import CATALOG
from entrypoints.simulator.faults import Stage

PATHS: Final = Path(__file__).with_name("paths.json")
NO_FAULT: Final = "-"
NO_KILL: Final = "-"


class Phase(StrEnum):
    """Who is killed: the request that accepts, or the resolver that looks."""

    REQUEST = "request"
    RESOLVER = "resolver"


# What a process waits for at the vendor, which knows better than the process when it happened.
EXECUTION_RECEIVED: Final = "wire.execution_received"
EXECUTION_ANSWERED: Final = "wire.execution_answered"
LOOKUP_RECEIVED: Final = "wire.lookup_received"
LOOKUP_ANSWERED: Final = "wire.lookup_answered"
LOOKUPS: Final = (LOOKUP_RECEIVED, LOOKUP_ANSWERED)
EXECUTIONS: Final = (EXECUTION_RECEIVED, EXECUTION_ANSWERED)


def _named(*prefixes: str) -> tuple[str, ...]:
    return tuple(point for point in crash_points.ALL if point.startswith(prefixes))


POINTS: Final[Mapping[Phase, tuple[str, ...]]] = {
    Phase.REQUEST: (*_named("accept_quote.", "record_outcome."), *EXECUTIONS, *LOOKUPS),
    Phase.RESOLVER: (*_named("resolve_execution.", "record_outcome."), *LOOKUPS),
}
SETTLING: Final = (crash_points.RECORD_BEFORE_COMMIT, crash_points.RECORD_COMMITTED)
KEEPING_OPEN: Final = (
    crash_points.RECORD_OPEN_BEFORE_COMMIT,
    crash_points.RECORD_OPEN_COMMITTED,
    crash_points.ACCEPT_KEPT_OPEN,
)
WHY_NOT: Final[Mapping[Phase, Mapping[tuple[str, ...], str]]] = {
    Phase.REQUEST: {
        SETTLING: "the request leaves it open",
        KEEPING_OPEN: "the request settles it",
        EXECUTIONS: "the vendor never answers the request",
        LOOKUPS: "the request looks nothing up",
    },
    Phase.RESOLVER: {
        SETTLING: "looking never settles it: an operator has to",
        KEEPING_OPEN: "the first look settles it",
        LOOKUPS: "a look that is not answered",
    },
}
OTHER: Final = "not on its way"


class Kill(msgspec.Struct, frozen=True, order=True):
    phase: Phase
    point: str

    @override
    def __str__(self) -> str:
        return f"{self.phase} {self.point}"


# The request was ended before it could settle anything, and nobody kills the resolver.
OPENED: Final = Kill(Phase.RESOLVER, NO_KILL)
KILLS: Final = (
    OPENED,
    *(Kill(phase, point) for phase in Phase for point in POINTS[phase]),
)


class Cell(msgspec.Struct, frozen=True, order=True):
    """`execution` and `lookup` are faults of the two stages."""

    dialect: str
    execution: str
    lookup: str
    kill: Kill | None

    @override
    def __str__(self) -> str:
        return " / ".join((self.dialect, self.execution, self.lookup, str(self.kill or NO_KILL)))

    @property
    def pair(self) -> "Cell":
        """The same without a kill."""
        return Cell(self.dialect, self.execution, self.lookup, None)

    @property
    def shows_the_way(self) -> bool:
        """Nobody is killed at a place of the matrix, so that everything on the way is seen."""
        return self.kill in (None, OPENED)


class Way(msgspec.Struct, frozen=True, order=True):
    """The places that the two processes pass unless they are killed, sorted: the request with
    nobody killed, the resolver with the request ended before it could settle anything.
    """

    request: tuple[str, ...]
    resolver: tuple[str, ...]

    def passes(self, kill: Kill) -> bool:
        return kill.point in (self.request if kill.phase is Phase.REQUEST else self.resolver)


class Paths(msgspec.Struct, frozen=True):
    """`pairs` by dialect, fault of the execution and of the lookup: which of the ways it is."""

    ways: dict[str, Way]
    pairs: dict[str, dict[str, dict[str, str]]]

    def way(self, cell: Cell) -> Way | None:
        """None of a pair that nobody has played yet."""
        name = self.pairs.get(cell.dialect, {}).get(cell.execution, {}).get(cell.lookup)
        return None if name is None else self.ways[name]

    def known(self) -> dict[Cell, Way]:
        """By pair, those that still are one."""
        found = ((pair, self.way(pair)) for pair in pairs())
        return {pair: way for pair, way in found if way is not None}

    def why_not(self, cell: Cell) -> str | None:
        """None when the cell applies."""
        way = self.way(cell)
        if cell.kill is None or cell.shows_the_way or way is None or way.passes(cell.kill):
            return None
        reasons = WHY_NOT[cell.kill.phase].items()
        return next((why for points, why in reasons if cell.kill.point in points), OTHER)


def faults_of(dialect: str, stage: Stage) -> tuple[str, ...]:
    """Of an execution or of a lookup; first of all none."""
    shown = DIALECTS[dialect].faults
    return (NO_FAULT, *(name for name in shown if stage in CATALOG[name].stages))


def pairs() -> Iterator[Cell]:
    """Every adapter with every fault, without a kill."""
    for dialect in sorted(DIALECTS):
        for execution in faults_of(dialect, Stage.EXECUTE):
            for lookup in faults_of(dialect, Stage.LOOKUP):
                yield Cell(dialect, execution, lookup, None)


def matrix() -> Iterator[Cell]:
    """Everything, also what does not apply."""
    for pair in pairs():
        yield pair
        for kill in KILLS:
            yield Cell(pair.dialect, pair.execution, pair.lookup, kill)


class Plan(msgspec.Struct, frozen=True):
    """`why_not` counts, by dialect and reason, the cells that do not apply."""

    cells: tuple[Cell, ...]
    why_not: Mapping[tuple[str, str], int]


def planned(paths: Paths) -> Plan:
    cells: list[Cell] = []
    why_not: Counter[tuple[str, str]] = Counter()
    for cell in matrix():
        reason = paths.why_not(cell)
        if reason is None:
            cells.append(cell)
        else:
            why_not[cell.dialect, reason] += 1
    return Plan(tuple(cells), why_not)


def load_paths(file: Path = PATHS) -> Paths:
    return msgspec.json.decode(file.read_bytes(), type=Paths) if file.exists() else Paths({}, {})


def made_paths(seen: Mapping[Cell, Way]) -> Paths:
    """Of pairs whose way was seen."""
    names = {way: f"way-{number}" for number, way in enumerate(sorted(set(seen.values())), 1)}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for cell, way in sorted(seen.items(), key=lambda item: str(item[0])):
        found.setdefault(cell.dialect, {}).setdefault(cell.execution, {})[cell.lookup] = names[way]
    return Paths({name: way for way, name in names.items()}, found)


def save_paths(paths: Paths, file: Path = PATHS) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(paths)) + b"\n")


def factors(cell: Cell) -> Sequence[tuple[str, str]]:
    """What a sample has to combine in pairs."""
    return (
        ("dialect", cell.dialect),
        ("execution", cell.execution),
        ("lookup", cell.lookup),
        ("kill", str(cell.kill or NO_KILL)),
    )
