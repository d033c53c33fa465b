"""The database roles, one per kind of process, and the settings that carry their URLs."""

from enum import StrEnum
from typing import Final

SCHEMA: Final = "aksum"
DATABASE: Final = "aksum"
OWNER: Final = "aksum_owner"  # owns everything, cannot log in
ADMIN_URL_SETTING: Final = "AKSUM_DATABASE_URL"


class Role(StrEnum):
    """The roles that log in. None is a superuser, none bypasses Row-Level Security."""

    MIGRATOR = "aksum_migrator"
    API = "aksum_api"
    WORKER = "aksum_worker"
    OPS = "aksum_ops"

    @property
    def setting(self) -> str | None:
        """The setting with this role's own URL; the migrator has AKSUM_DATABASE_URL."""
        return None if self is Role.MIGRATOR else f"AKSUM_{self.name}_DATABASE_URL"


RUNTIME_ROLES: Final = (Role.API, Role.WORKER, Role.OPS)
