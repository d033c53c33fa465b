"""Profiles an API process, for benchmarks that were told to.

`AKSUM_PROFILE=<file>` names where the statistics go when it ends in good order.
"""

import cProfile
import os
from typing import Final

from litestar import Litestar

PROFILE: Final = "AKSUM_PROFILE"


def profile_until_shutdown(app: Litestar) -> None:
    """Begins at once, for the thread that calls, if the environment says so."""
    path = os.environ.get(PROFILE)
    if not path:
        return
    profile = cProfile.Profile()
    profile.enable()

    def write() -> None:
        profile.disable()
        profile.dump_stats(path)

    app.on_shutdown.append(write)
