"""Profiles a process from its start to its end, for benchmarks that were told to.

`AKSUM_PROFILE=<file>` names where the statistics go when the process ends in good order.
"""

import cProfile
import os
from typing import Final

PROFILE: Final = "AKSUM_PROFILE"


def profiled() -> cProfile.Profile | None:
    """Begins to profile this thread, if the environment says so. `finish` writes it down."""
    if not os.environ.get(PROFILE):
        return None
    profile = cProfile.Profile()
    profile.enable()
    return profile


def finish(profile: cProfile.Profile) -> None:
    profile.disable()
    profile.dump_stats(os.environ[PROFILE])
