import asyncio

import pytest

from application.single_flight import SingleFlight


class Source:
    def __init__(self) -> None:
        self.reads = 0
        self.gate = asyncio.Event()
        self.failure: Exception | None = None

    async def read(self) -> int:
        self.reads += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.reads


async def all_wait() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_many_at_once_read_once_and_the_next_reads_again() -> None:
    source, flight = Source(), SingleFlight[str, int]()
    waiting = [asyncio.create_task(flight.get("key", source.read)) for _ in range(5)]
    await all_wait()
    source.gate.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert await flight.get("key", source.read) == 2


async def test_other_key_is_read_for_itself() -> None:
    source, flight = Source(), SingleFlight[str, int]()
    source.gate.set()
    await asyncio.gather(flight.get("one", source.read), flight.get("other", source.read))
    assert source.reads == 2


async def test_first_caller_hanging_up_takes_nothing_from_the_second() -> None:
    source, flight = Source(), SingleFlight[str, int]()
    first = asyncio.create_task(flight.get("key", source.read))
    await all_wait()
    second = asyncio.create_task(flight.get("key", source.read))
    await all_wait()
    first.cancel()
    source.gate.set()
    assert await second == 1
    assert source.reads == 1


async def test_failure_reaches_all_and_is_not_kept() -> None:
    source, flight = Source(), SingleFlight[str, int]()
    source.failure = OSError("the database has gone")
    waiting = [asyncio.create_task(flight.get("key", source.read)) for _ in range(2)]
    await all_wait()
    source.gate.set()
    for each in waiting:
        with pytest.raises(OSError, match="has gone"):
            await each
    source.failure = None
    assert await flight.get("key", source.read) == 2
