"""From the URL of an embedded server back to the directory it runs from."""

from pathlib import Path
from typing import Final

from adapters.postgres.embedded_files import PORT
from adapters.postgres.urls import DatabaseUrlInvalid, PostgresUrl

# PostgreSQL's own lock beside its socket; its second line is the server's data directory.
LOCK: Final = f".s.PGSQL.{PORT}.lock"
CLUSTER: Final = "cluster"


def embedded_root(url: str) -> Path | None:
    """The root of `embedded_files`, None unless a server of ours is behind this socket."""
    try:
        host = dict(PostgresUrl.parse(url).parameters).get("host", "")
        lines = (Path(host) / LOCK).read_text().splitlines() if host.startswith("/") else []
    except (DatabaseUrlInvalid, OSError):
        return None
    cluster = Path(lines[1]) if len(lines) > 1 else None
    return None if cluster is None or cluster.name != CLUSTER else cluster.parent
