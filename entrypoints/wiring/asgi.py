"""What the HTTP server loads in each of its workers."""

import os

from litestar import Litestar

from entrypoints.http.app import make_app
from entrypoints.wiring.container import make_api_container
from entrypoints.wiring.crash import arm
from entrypoints.wiring.leaving import let_waiters_go_on_sigterm
from entrypoints.wiring.lifeline import follow
from entrypoints.wiring.logs import configure_logging
from entrypoints.wiring.profiling import profile_until_shutdown
from entrypoints.wiring.settings import read_settings


def create() -> Litestar:
    # A worker whose parent was killed would go on holding the port.
    follow(os.getppid())
    configure_logging()
    settings = read_settings()
    arm(settings.crash_point)
    container = make_api_container(settings)
    app = make_app(container, sandbox=settings.sandbox)
    let_waiters_go_on_sigterm(app, container)
    profile_until_shutdown(app)
    return app
