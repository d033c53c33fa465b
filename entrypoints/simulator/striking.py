"""What the faults of one request do to it. Each dialect says the exceptions in its own words."""

from collections.abc import Mapping

from aiohttp import web

from entrypoints.simulator.connection import hold, pause
from entrypoints.simulator.faults import SCENARIO_HEADER, Fault
from entrypoints.simulator.vendor import Vendor

BAD_GATEWAY = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class Broken(Exception):
    """The request ends with `status` and no answer worth the name."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class TooMany(Exception):
    """The request is one too many; ask again after so many seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class Banned(TooMany):
    """As above, and our address is shut out until then."""


def asked_of(vendor: Vendor, request: web.Request) -> list[Fault]:
    """Raises FaultInvalid for a misspelt one: silently trading without it would be worse."""
    header = request.headers.get(SCENARIO_HEADER)
    return [] if header is None else vendor.faults.parse(header)


async def suffered(vendor: Vendor, faults: Mapping[str, Fault], now_ms: int) -> int:
    """The time it is by the vendor's clock, after what faults of every call do.

    Raises Broken, TooMany or Banned.
    """
    if (slow := faults.get("quote_slow")) is not None:
        await pause(vendor.closing, slow["ms"])
        now_ms = vendor.clock.now_ms()
    if (skew := faults.get("clock_skew")) is not None:
        now_ms += skew["ms"]
    for name in ("quote_5xx", "lookup_5xx", "ticker_5xx"):
        if (broken := faults.get(name)) is not None:
            raise Broken(broken["status"])
    if (limited := faults.get("quote_429")) is not None:
        raise TooMany(limited["retry_after"])
    if (ban := faults.get("ip_ban_418")) is not None:
        raise Banned(ban["retry_after"])
    return now_ms


async def silence_before(
    vendor: Vendor, request: web.Request, faults: Mapping[str, Fault]
) -> web.Response | None:
    """The end of a request that is never acted on; None when it is."""
    silence = faults.get("execute_timeout_before_commit")
    return None if silence is None else await hold(request, vendor.closing, silence["ms"])


async def spoilt(
    vendor: Vendor, request: web.Request, faults: Mapping[str, Fault], answer: web.Response
) -> web.Response:
    """What was done stands; from here on only its answer goes wrong."""
    if (silence := faults.get("execute_timeout_after_commit")) is not None:
        return await hold(request, vendor.closing, silence["ms"])
    if "execute_502_after_commit" in faults:
        return web.Response(status=502, body=BAD_GATEWAY, content_type="text/html")
    if "execute_200_truncated_json" in faults and isinstance(answer.body, bytes):
        answer.body = answer.body[: len(answer.body) // 2]
    return answer
