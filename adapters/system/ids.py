from uuid import UUID

from uuid_utils.compat import uuid7


class SystemIds:
    """UUIDv7s that ascend within a process, also within one millisecond."""

    def new(self) -> UUID:
        return uuid7()
