"""Builds a simulator and serves it: inside a test, or for `aksum simulate`."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from entrypoints.simulator.account import Account
from entrypoints.simulator.clock import Clock, SystemClock
from entrypoints.simulator.control import CONTROL_PREFIX, control_routes
from entrypoints.simulator.dialects import DIALECTS, DialectSpec
from entrypoints.simulator.fault_catalog import CATALOG, OF_OTHER_DIALECTS
from entrypoints.simulator.faults import FaultBook
from entrypoints.simulator.journal import Journal
from entrypoints.simulator.market import Market
from entrypoints.simulator.vendor import Credentials, Vendor

SANDBOX_CREDENTIALS = Credentials("aksum-sandbox-key", "aksum-sandbox-secret", "aksum-sandbox")
VENDOR: web.AppKey[Vendor] = web.AppKey("vendor", Vendor)
SHUTDOWN_SECONDS = 1
BODY_BYTES_MAX = 64 * 1024


class UnknownDialect(ValueError):
    """Not one of DIALECTS; the text lists them."""


def create_simulator(
    dialect: str,
    *,
    seed: int = 1,
    credentials: Credentials = SANDBOX_CREDENTIALS,
    clock: Clock | None = None,
    rate_limits: bool = True,
    balances: Mapping[str, str] | None = None,
    journal: Path | None = None,
) -> web.Application:
    """An application for `serve`, or for aiohttp's own test server.

    `balances` replace the dialect's opening balances asset by asset. With `journal` the vendor
    remembers, in that file, what it knew before it was killed; opening balances then count on the
    first start only. Raises UnknownDialect.
    """
    spec = DIALECTS.get(dialect)
    if spec is None:
        raise UnknownDialect(f"unknown dialect {dialect!r}; known: {', '.join(sorted(DIALECTS))}")
    vendor = Vendor(
        market=Market(seed),
        account=Account({}, on_credit=spec.on_credit),
        faults=_fault_book(spec),
        clock=clock or SystemClock(),
        credentials=credentials,
        rate_limits=rate_limits,
        journal=Journal(journal) if journal is not None else None,
    )
    opening = {**spec.opening_balances, **{a: Decimal(b) for a, b in (balances or {}).items()}}
    return _application(vendor, dialect, seed, opening)


def _fault_book(spec: DialectSpec) -> FaultBook:
    """A catalogued fault that this dialect does not show is foreign to it, not a spelling error."""
    foreign = (CATALOG.keys() | OF_OTHER_DIALECTS) - set(spec.faults)
    return FaultBook((CATALOG[name] for name in spec.faults), frozenset(foreign))


def _application(
    vendor: Vendor, dialect: str, seed: int, opening: Mapping[str, Decimal]
) -> web.Application:
    served = DIALECTS[dialect].build(vendor, seed)
    remembers = False
    for line in vendor.journal.lines() if vendor.journal is not None else ():
        remembers = True
        vendor.restore(line.kind, line.row)
        served.restore(line)
    if not remembers:
        for asset, amount in opening.items():
            vendor.set_balance(asset, amount)

    async def close(_app: web.Application) -> None:
        vendor.closing.set()

    async def release(_app: web.Application) -> None:
        if vendor.journal is not None:
            vendor.journal.close()

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app[VENDOR] = vendor
    app.add_routes(served.routes())
    app.add_routes(control_routes(vendor, dialect=dialect, seed=seed))
    app.on_shutdown.append(close)
    app.on_cleanup.append(release)
    return app


class RunningSimulator:
    """One simulator on its port. `url` has the vendor's paths, `control_url` the faults."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self.port = port
        self.url = f"http://{host}:{port}"
        self.control_url = f"{self.url}{CONTROL_PREFIX}"

    async def close(self) -> None:
        """Ends deliberate silences at once, and then the server."""
        await self._runner.cleanup()


async def serve(
    app: web.Application, *, host: str = "127.0.0.1", port: int = 0
) -> RunningSimulator:
    """Returns when it listens; port 0 takes a free one. Raises OSError when the port is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return RunningSimulator(runner, host, runner.addresses[0][1])
