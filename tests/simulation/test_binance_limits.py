"""Request weights: enforced per endpoint and minute, punished when ignored, off for benchmarks."""

import pytest

from entrypoints.simulator.binance_convert.errors import VendorError
from entrypoints.simulator.binance_convert.limits import (
    IGNORED_REFUSALS_MAX,
    PER_MINUTE,
    Limiter,
    Per,
)
from entrypoints.simulator.clock import ManualClock
from entrypoints.simulator.server import create_simulator, serve
from tests.simulation.harness import CONVERT, CREDENTIALS, START_MS, VendorClient

MINUTE_START_MS = START_MS // 60_000 * 60_000
INFO = f"{CONVERT}/exchangeInfo"
INFO_PER_MINUTE = 4  # 12,000 / 3,000


async def test_weight_used_is_reported_and_then_refused(vendor: VendorClient) -> None:
    vendor.clock.advance(MINUTE_START_MS + 60_000 - START_MS)
    used = [
        (await vendor.raw("GET", INFO)).headers["X-SAPI-USED-IP-WEIGHT-1M"]
        for _ in range(INFO_PER_MINUTE)
    ]
    assert used == ["3000", "6000", "9000", "12000"]
    vendor.clock.advance(15_000)
    refused = await vendor.raw("GET", INFO)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, -1003, "45")
    assert (await vendor.quote()).status == 200, "every endpoint has its own allowance"
    vendor.clock.advance(45_000)
    assert (await vendor.raw("GET", INFO)).status == 200


async def test_ignoring_refusals_gets_the_address_banned_everywhere(vendor: VendorClient) -> None:
    vendor.clock.advance(MINUTE_START_MS + 60_000 - START_MS)
    for _ in range(INFO_PER_MINUTE + IGNORED_REFUSALS_MAX):
        assert (await vendor.raw("GET", INFO)).status in {200, 429}
    banned = await vendor.raw("GET", INFO)
    assert (banned.status, banned.headers["Retry-After"]) == (418, "120")
    vendor.clock.advance(119_999)
    assert (await vendor.quote()).status == 418
    vendor.clock.advance(1)
    assert (await vendor.quote()).status == 200


def test_second_ban_is_twice_as_long() -> None:
    limiter, now_ms = Limiter(), MINUTE_START_MS
    for seconds in (120, 240, 480):
        for _ in range(IGNORED_REFUSALS_MAX):
            limiter.note_refusal("198.51.100.7", now_ms)
        with pytest.raises(VendorError) as banned:
            limiter.note_refusal("198.51.100.7", now_ms)
        assert banned.value.response().headers["Retry-After"] == str(seconds)
        now_ms += seconds * 1_000


def test_account_weight_is_shared_by_addresses_and_not_by_endpoints() -> None:
    limiter = Limiter()
    limiter.spend("/accept", Per.UID, "key", PER_MINUTE[Per.UID], MINUTE_START_MS)
    assert limiter.spend("/quote", Per.UID, "key", 200, MINUTE_START_MS) == 200
    with pytest.raises(VendorError):
        limiter.spend("/accept", Per.UID, "key", 1, MINUTE_START_MS + 59_999)
    assert limiter.spend("/accept", Per.UID, "key", 1, MINUTE_START_MS + 60_000) == 1


async def test_limits_are_off_when_told_so() -> None:
    clock = ManualClock(START_MS)
    app = create_simulator(
        "binance_convert", credentials=CREDENTIALS, clock=clock, rate_limits=False
    )
    running = await serve(app)
    async with VendorClient(running, clock) as client:
        replies = [await client.raw("GET", INFO) for _ in range(3 * INFO_PER_MINUTE)]
    await running.close()
    assert {reply.status for reply in replies} == {200}
