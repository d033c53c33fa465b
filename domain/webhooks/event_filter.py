"""Which events an endpoint asked for.

`order.*` is every type that begins with `order.`, a bare `*` is all of them.
"""

import re
from collections.abc import Sequence
from typing import Final

from ..shared.errors import RuleViolation

ALL: Final = "*"
PATTERNS_MAX: Final = 50
PATTERN_LENGTH_MAX: Final = 100
_PATTERN: Final = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?")


class EventTypesInvalid(RuleViolation):
    code = "event_types_invalid"


def check_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """Sorted, each once. Raises `EventTypesInvalid`."""
    if not 1 <= len(patterns) <= PATTERNS_MAX:
        raise EventTypesInvalid(f"name 1 to {PATTERNS_MAX} event types, or * for all")
    for each in patterns:
        if len(each) > PATTERN_LENGTH_MAX or _PATTERN.fullmatch(each) is None:
            raise EventTypesInvalid("an event type is like order.filled.v1, order.* or *")
    return tuple(sorted(set(patterns)))


def matches(pattern: str, event_type: str) -> bool:
    if pattern == ALL:
        return True
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern
