"""What every run so far has come to, in a file: a run goes on where the last one ended."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from application import crash_points
from tests.soak.crash.rounds import Round

HEAD: Final = ("point", "kills", "unmet", "lost", "duplicates", "slowest recovery")


class Visits(msgspec.Struct):
    """`unmet` counts how often a point was armed and nobody came by in time."""

    kills: int = 0
    unmet: int = 0
    lost: int = 0
    duplicates: int = 0
    slowest_seconds: float = 0


class Progress:
    def __init__(self, file: Path | None) -> None:
        """None keeps nothing. Points that are no more are forgotten."""
        self._file = file
        known: dict[str, Visits] = {}
        if file is not None and file.exists():
            known = msgspec.json.decode(file.read_bytes(), type=dict[str, Visits])
        self.visits = {point: known.get(point, Visits()) for point in crash_points.ALL}

    def least_visited(self, points: Sequence[str], count: int) -> list[str]:
        """Those that were unmet come later: one that cannot be met must not be in the way."""

        def visited(point: str) -> int:
            return self.visits[point].kills + self.visits[point].unmet

        return sorted(points, key=visited)[:count]

    def add(self, played: Round) -> None:
        """What is found at the end of a round may be of any of its kills."""
        for kill in played.kills:
            visits = self.visits[kill.point]
            visits.kills += 1
            visits.lost += played.findings.lost
            visits.duplicates += played.findings.duplicates
            visits.slowest_seconds = max(visits.slowest_seconds, round(kill.recovery.seconds, 1))
        for point in played.unmet:
            self.visits[point].unmet += 1
        self._save()

    def _save(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        whole = self._file.with_suffix(".new")
        whole.write_bytes(msgspec.json.format(msgspec.json.encode(self.visits)))
        whole.rename(self._file)

    def table(self) -> str:
        """In Markdown, with what all of it comes to."""
        rows = [
            (f"`{point}`", each.kills, each.unmet, each.lost, each.duplicates, _seconds(each))
            for point, each in self.visits.items()
        ]
        every = self.visits.values()
        total = (
            "**all**",
            sum(each.kills for each in every),
            sum(each.unmet for each in every),
            sum(each.lost for each in every),
            sum(each.duplicates for each in every),
            f"{max(each.slowest_seconds for each in every):.1f} s",
        )
        lines = [HEAD, ("---", *("---:",) * (len(HEAD) - 1)), *rows, total]
        return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _seconds(visits: Visits) -> str:
    return f"{visits.slowest_seconds:.1f} s" if visits.kills else "–"
