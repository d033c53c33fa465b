"""What every run so far has come to, a line for each cell: a run goes on where the last one ended.

A cell that was played twice counts as it ended the last time.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.soak.diary import Diary, decoded_lines
from tests.soak.matrix.cells import Cell, Paths, Plan, Way, made_paths
from tests.soak.matrix.runner import Result, Verdict

HEAD: Final = (
    "adapter",
    "cells",
    "do not apply",
    "planned",
    "run",
    "passed",
    "for an operator",
    "unmet",
    "broken",
)
EVERY: Final = "**all**"


class Progress:
    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self.verdicts: dict[Cell, Verdict] = {}
        for verdict in decoded_lines(file, Verdict):
            self.verdicts[verdict.cell] = verdict

    def add(self, verdict: Verdict) -> None:
        with Diary(self._file) as diary:
            diary.write(verdict)
        self.verdicts[verdict.cell] = verdict

    def paths(self, known: Paths) -> Paths:
        """As they were seen, the request's and the resolver's; the others as they are known."""
        requests = {v.cell.pair: v.request for v in self.verdicts.values() if v.request is not None}
        resolvers = {
            v.cell.pair: v.resolver for v in self.verdicts.values() if v.resolver is not None
        }
        seen = {
            pair: Way(request, resolvers[pair])
            for pair, request in requests.items()
            if pair in resolvers
        }
        return made_paths({**known.known(), **seen})

    def table(self, plan: Plan) -> str:
        """In Markdown: the counts of each adapter, then why what does not apply does not."""
        return f"{self._counts(plan)}\n\n{_why_not(plan.why_not)}"

    def _counts(self, plan: Plan) -> str:
        planned = Counter(cell.dialect for cell in plan.cells)
        skipped: Counter[str] = Counter()
        for (dialect, _), count in plan.why_not.items():
            skipped[dialect] += count
        results: dict[str, Counter[Result]] = {dialect: Counter() for dialect in planned}
        for cell in plan.cells:
            if (verdict := self.verdicts.get(cell)) is not None:
                results[cell.dialect][verdict.result] += 1
        rows = [
            (f"`{dialect}`", *_row(planned[dialect], skipped[dialect], results[dialect]))
            for dialect in sorted(planned)
        ]
        total: Counter[Result] = sum(results.values(), Counter())
        rows.append((EVERY, *_row(planned.total(), skipped.total(), total)))
        return _markdown(HEAD, rows)


def _row(planned: int, skipped: int, results: Counter[Result]) -> tuple[int, ...]:
    each = (results[result] for result in Result)
    return (planned + skipped, skipped, planned, results.total(), *each)


def _why_not(counted: Mapping[tuple[str, str], int]) -> str:
    dialects = sorted({dialect for dialect, _ in counted})
    reasons = sorted({reason for _, reason in counted})
    rows = [
        (reason, *(counted.get((dialect, reason), 0) for dialect in dialects)) for reason in reasons
    ]
    return _markdown(("does not apply, because", *(f"`{each}`" for each in dialects)), rows)


def _markdown(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ("---", *("---:",) * (len(head) - 1)), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def other_ways(verdicts: Mapping[Cell, Verdict], paths: Paths) -> list[str]:
    """Where what was seen is not what is known: the matrix would be planned wrongly."""
    found = []
    for verdict in verdicts.values():
        known = paths.way(verdict.cell)
        if known is None:
            continue
        for seen, kept in ((verdict.request, known.request), (verdict.resolver, known.resolver)):
            if seen is not None and seen != kept:
                other = sorted(set(seen) ^ set(kept))
                found.append(f"{verdict.cell}: another way than is known: {', '.join(other)}")
    return found
