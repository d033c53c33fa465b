"""Relays, writers and consumers are killed while they work; the long run is `./dev soak events`."""

from pathlib import Path
from typing import Final

from tests.fixtures.postgres_servers import Database
from tests.soak.event_run import POINTS, Size, soak

SAMPLE: Final = Size(events=1_500, tenants=4, relay_kills=4, backend_kills=4, held_seconds=1)


async def test_killed_relays_leave_no_gap_and_every_effect_is_had_once(
    database_18: Database, tmp_path: Path
) -> None:
    """Somebody holds a transaction open meanwhile, and nobody else waits for him."""
    report = await soak(database_18, tmp_path, SAMPLE)
    assert set(POINTS) <= set(report.relays_killed_at)
    assert report.backends_killed > 0
    assert report.transactions_left > 0
    assert report.read_again > 0
    assert report.told_while_held > 0
