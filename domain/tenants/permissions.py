from collections.abc import Set as AbstractSet
from enum import StrEnum

from ..shared.errors import Forbidden


class InsufficientScope(Forbidden):
    code = "insufficient_scope"


class Scope(StrEnum):
    """No scope implies another. `operator` belongs to people of the platform, never to tenants."""

    READ = "read"
    TRADE = "trade"
    MONEY = "money"
    KEYS = "keys"
    WEBHOOKS = "webhooks"
    OPERATOR = "operator"


def require_scope(granted: AbstractSet[Scope], needed: Scope) -> None:
    """Raises `InsufficientScope`, which names the scope that is missing."""
    if needed not in granted:
        raise InsufficientScope(f"this needs the scope {needed}", scope=needed)
