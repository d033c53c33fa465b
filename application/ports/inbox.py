"""Messages that may come again, and must have one effect."""

from abc import abstractmethod
from typing import Final, Protocol

CONSUMER_LENGTH_MAX: Final = 100
MESSAGE_ID_LENGTH_MAX: Final = 255


class Inbox(Protocol):
    @abstractmethod
    async def take(self, consumer: str, message_id: str) -> bool:
        """False when this consumer's effect of this message is committed: leave it at that.

        Remembered with the effect, in its transaction, for ever. Waits for a transaction that took
        the same message and has not ended; raises `Overloaded` when that takes too long.
        """
        ...
