from collections import Counter

from application.ports.trading import LpAttempt
from domain.liquidity.resolution import AttemptStatus


class AttemptTally:
    """How often attempts were recorded in each state by this process, since it started."""

    def __init__(self) -> None:
        self.recorded: Counter[tuple[str, int, str]] = Counter()

    def count(self, attempt: LpAttempt, status: AttemptStatus) -> None:
        self.recorded[attempt.lp, attempt.number, status.value] += 1
