"""When failed work is tried again, and when trying ends.

Full jitter: the pause is drawn evenly from nothing up to a ceiling that doubles with each failure.
Without it, everything that failed together comes back together. It is drawn from the work's own id,
so that it needs no dice and a replay pauses as the first run did.
"""

from datetime import timedelta
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

from ..shared.errors import invariant

_DRAW_BYTES: Final = 8
_DRAWS: Final = 1 << (8 * _DRAW_BYTES)


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`failures_max` is None where giving up would be a statement that nobody can make."""

    first_ms: int
    ceiling_ms: int
    failures_max: int | None


def ceiling_ms(policy: RetryPolicy, failures: int) -> int:
    """The longest pause after that many failures in a row."""
    invariant(failures > 0, "work that did not fail is not retried")
    doublings = min(failures - 1, policy.ceiling_ms.bit_length())
    return min(policy.ceiling_ms, policy.first_ms << doublings)


def pause_after(policy: RetryPolicy, *, failures: int, subject: UUID) -> timedelta | None:
    """None when it is not tried again: a person looks at it. Rounded down to milliseconds."""
    ceiling = ceiling_ms(policy, failures)
    if policy.failures_max is not None and failures >= policy.failures_max:
        return None
    return timedelta(milliseconds=(ceiling + 1) * _draw(subject, failures) // _DRAWS)


def _draw(subject: UUID, failures: int) -> int:
    seed = subject.bytes + failures.to_bytes(8, "big")
    return int.from_bytes(blake2b(seed, digest_size=_DRAW_BYTES).digest(), "big")
