import asyncio
from datetime import timedelta
from uuid import UUID

from typing_extensions import override

from application.events.feed_watch import FeedWatch
from domain.shared.ids import TenantId

MINE = TenantId(UUID(int=1))


async def no_pause(_: timedelta) -> None:
    await asyncio.sleep(0)


class Stuck(FeedWatch):
    @override
    async def _last_seq(self, tenant_id: TenantId) -> int:
        await asyncio.Event().wait()
        return 0


async def test_look_that_does_not_come_back_does_not_make_the_wait_longer() -> None:
    watch = Stuck(uow=None, pause=no_pause)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        assert not await watch.beyond(MINE, 0, patience=timedelta(milliseconds=20))
    assert watch._waiters.total() == 0
