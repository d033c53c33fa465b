"""Request weights per minute, by IP address or by account, and the ban for those who ignore them.

Every endpoint has its own allowance, as on the vendor's /sapi paths. The vendor does not say how
many ignored refusals make a ban; the number here is ours.
"""

from enum import StrEnum

import msgspec

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.errors import refused

MINUTE_MS = 60_000
IGNORED_REFUSALS_MAX = 50
BAN_FIRST_MS = 2 * MINUTE_MS
BAN_LONGEST_MS = 3 * 24 * 60 * MINUTE_MS


class Per(StrEnum):
    IP = "IP"
    UID = "UID"


PER_MINUTE = {Per.IP: 12_000, Per.UID: 180_000}


class Window(msgspec.Struct):
    minute: int
    used: int = 0


class Record(msgspec.Struct):
    """What one address has got itself into."""

    minute: int = -1
    ignored: int = 0
    banned_until_ms: int = 0
    next_ban_ms: int = BAN_FIRST_MS


class Limiter:
    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._records: dict[str, Record] = {}

    def check_ban(self, address: str, now_ms: int) -> None:
        record = self._records.get(address)
        if record is not None and now_ms < record.banned_until_ms:
            raise _banned(record.banned_until_ms, now_ms)

    def spend(self, path: str, per: Per, subject: str, weight: int, now_ms: int) -> int:
        """What the subject has used of this minute. Raises VendorError beyond the allowance."""
        minute = now_ms // MINUTE_MS
        window = self._windows.get((path, subject))
        if window is None or window.minute != minute:
            window = self._windows[path, subject] = Window(minute)
        if window.used + weight > PER_MINUTE[per]:
            left_s = MINUTE_MS // 1_000 - now_ms // 1_000 % 60
            raise refused(errors.TOO_MANY_REQUESTS, retry_after_s=left_s, limit=PER_MINUTE[per])
        window.used += weight
        return window.used

    def note_refusal(self, address: str, now_ms: int) -> None:
        """Counts a 429 against the address. Raises the ban once too many were ignored."""
        minute = now_ms // MINUTE_MS
        record = self._records.setdefault(address, Record())
        if record.minute != minute:
            record.minute, record.ignored = minute, 0
        record.ignored += 1
        if record.ignored > IGNORED_REFUSALS_MAX:
            record.banned_until_ms = now_ms + record.next_ban_ms
            record.next_ban_ms = min(2 * record.next_ban_ms, BAN_LONGEST_MS)
            record.ignored = 0
            raise _banned(record.banned_until_ms, now_ms)


def _banned(until_ms: int, now_ms: int) -> errors.VendorError:
    return refused(errors.BANNED, retry_after_s=-(-(until_ms - now_ms) // 1_000), until_ms=until_ms)
