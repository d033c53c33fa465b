"""Staying away from a vendor for as long as it asked us to."""

from datetime import datetime, timedelta
from typing import Final

RETRY_AFTER_MAX: Final = timedelta(days=3)
_DIGITS_MAX: Final = 9


class Gate:
    """Closed until a moment; open before anybody closed it."""

    def __init__(self) -> None:
        self._until: datetime | None = None

    def closed_until(self, now: datetime) -> datetime | None:
        """None when requests may be sent."""
        if self._until is not None and now >= self._until:
            self._until = None
        return self._until

    def close(self, now: datetime, retry_after: str | None, *, default: timedelta) -> None:
        """`retry_after` is the header in whole seconds; without a readable one, `default`.

        Never shortens an earlier, longer wish, and never believes more than three days.
        """
        until = now + min(_seconds(retry_after) or default, RETRY_AFTER_MAX)
        self._until = until if self._until is None else max(until, self._until)


def _seconds(text: str | None) -> timedelta | None:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        return None
    return timedelta(seconds=int(text))
