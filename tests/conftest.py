"""Shared by every test: how hard Hypothesis looks.

`HYPOTHESIS_PROFILE=ci` looks four times as hard as the default, `nightly` a hundred times (and
wants `--timeout 0`). In CI the examples are derandomised, so that a red build is red again when it
is repeated; new examples are found by `dev` and `nightly` runs and then kept as ordinary tests.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.redis"]
