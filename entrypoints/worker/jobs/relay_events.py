from dishka import AsyncContainer

from application.events.relay_events import RelayEvents
from application.ports.bell import JobKind
from entrypoints.worker.job import job


@job(JobKind.RELAY_EVENTS)
async def relay_events(scope: AsyncContainer) -> int:
    """Goes on while somebody has more to number than one pass does."""
    return await (await scope.get(RelayEvents)).execute()
