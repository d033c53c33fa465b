"""Calls per second and path, for the whole account."""

from entrypoints.simulator.bybit_convert.errors import TOO_MANY_VISITS, VendorError

SECOND_MS = 1_000
PER_SECOND = {"GET": 100, "POST": 50}


class TooManyVisits(VendorError):
    """`reset_ms` is the moment from which calls are taken again."""

    def __init__(self, reset_ms: int) -> None:
        super().__init__(TOO_MANY_VISITS)
        self.reset_ms = reset_ms


class Limiter:
    def __init__(self) -> None:
        self._used: dict[str, tuple[int, int]] = {}

    def spend(self, method: str, path: str, now_ms: int) -> None:
        """Raises TooManyVisits."""
        second = now_ms // SECOND_MS
        began, used = self._used.get(path, (second, 0))
        used = used if began == second else 0
        if used == PER_SECOND[method]:
            raise TooManyVisits((second + 1) * SECOND_MS)
        self._used[path] = (second, used + 1)
