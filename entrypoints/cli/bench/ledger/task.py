"""What a load process is told and what it answers: one line of JSON each."""

from enum import StrEnum

import msgspec

from domain.shared.ids import AccountId, TenantId


class Kind(StrEnum):
    HOT = "hot"
    RANDOM = "random"
    INSIDE = "inside"
    BALANCE = "balance"
    AS_OF = "as_of"
    STATEMENT = "statement"


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Whose accounts there are: `owners` each have one, and `read` are those that are read."""

    tenant_id: TenantId
    asset: str
    owners: tuple[str, ...]
    clients: int


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """`clients` of this process; `per_call` commands in each call; `account_id` is read."""

    kind: Kind
    clients: int
    warm_up: int
    seconds: int
    per_call: int = 1
    account_id: AccountId | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """`calls` and `commands` ended inside the window; `latencies_us` are of those calls, sorted."""

    calls: int
    commands: int
    p50_us: float
    p99_us: float
    errors: dict[str, int]
