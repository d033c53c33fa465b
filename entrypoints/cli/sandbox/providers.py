"""The simulated liquidity providers: their credentials, their ports, their processes."""

import os
import secrets
from typing import Final
from urllib.parse import urlsplit

import msgspec

from entrypoints.cli.sandbox.child import Child
from entrypoints.cli.sandbox.files import ProviderRow, SandboxFiles, replace_file
from entrypoints.cli.sandbox.probes import LOOPBACK, answers, free_port, is_free
from entrypoints.cli.sandbox.samples import LPS
from entrypoints.simulator.control import CONTROL_PREFIX
from entrypoints.wiring.settings import without_database_urls

SECRET_BYTES: Final = 24


def provider_rows(
    files: SandboxFiles, *, margin_seconds: int, rate_limits: bool
) -> list[ProviderRow]:
    """Those of an earlier start with their credentials, on the same ports where these are free."""
    earlier = {row.name: row for row in files.read_providers()}
    rows = []
    for lp in LPS:
        known = earlier.get(lp.name)
        rows.append(
            ProviderRow(
                name=lp.name,
                dialect=lp.dialect,
                role=lp.role,
                rank=lp.rank,
                url=f"http://{LOOPBACK}:{_port(known)}",
                api_key=known.api_key if known else secrets.token_urlsafe(SECRET_BYTES),
                api_secret=known.api_secret if known else secrets.token_urlsafe(SECRET_BYTES),
                absence_margin_seconds=margin_seconds,
                rate_budget=msgspec.UNSET if rate_limits else None,
            )
        )
    replace_file(files.liquidity, rows)
    return rows


def _port(known: ProviderRow | None) -> int:
    earlier = urlsplit(known.url).port if known else None
    return earlier if earlier is not None and is_free(earlier) else free_port()


def simulator(row: ProviderRow, seed: int, files: SandboxFiles, *, rate_limits: bool) -> Child:
    port = urlsplit(row.url).port or 0
    arguments = [
        *("simulate", "--dialect", row.dialect, "--host", LOOPBACK, "--port", str(port)),
        *("--seed", str(seed), "--journal", str(files.simulators / f"{row.name}.journal")),
        *(() if rate_limits else ("--no-rate-limits",)),
    ]
    # Arguments can be read by everybody on the machine, the environment only by us.
    secret = {
        "AKSUM_SIMULATOR_API_KEY": row.api_key,
        "AKSUM_SIMULATOR_API_SECRET": row.api_secret,
    }
    return Child(
        row.name,
        arguments,
        environment=lambda: {**without_database_urls(os.environ), **secret},
        log=lambda: files.log(row.name),
        ready=lambda _pid: answers(port, f"{CONTROL_PREFIX}/executions"),
    )


def control_url(row: ProviderRow) -> str:
    return f"{row.url}{CONTROL_PREFIX}"
