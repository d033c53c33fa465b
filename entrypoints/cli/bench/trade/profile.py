"""Where the API process spends its time, as Python's own profiler sees it."""

import io
import pstats
from pathlib import Path
from typing import Final

from entrypoints.wiring.profiling import PROFILE

__all__ = ["PROFILE", "read_profile"]

LINES: Final = 45


def read_profile(path: Path) -> str:
    text = io.StringIO()
    statistics = pstats.Stats(str(path), stream=text)
    statistics.strip_dirs().sort_stats("tottime").print_stats(LINES)
    statistics.sort_stats("cumulative").print_stats(LINES)
    return text.getvalue()
