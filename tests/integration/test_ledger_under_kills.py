"""Writers and their connections are killed while they post; the long run is `./dev soak ledger`."""

from pathlib import Path
from typing import Final

from tests.fixtures.postgres_servers import Database
from tests.soak.run import Size, soak

SAMPLE: Final = Size(payments=4_000, processes=4, writers_each=8, backend_kills=12, process_kills=3)


async def test_killed_writers_find_everything_posted_once(
    database_18: Database, tmp_path: Path
) -> None:
    report = await soak(database_18, tmp_path, SAMPLE)
    assert report.processes_killed > 0
    assert report.backends_killed > 0
    assert report.resent > 0
    assert report.moments_compared > 1
    assert report.folds > 0
    assert set(report.outcomes) == {"ok", "below_floor", "linked_failed"}
