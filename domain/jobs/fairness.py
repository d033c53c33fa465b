"""Whose work is in the next batch, when there is more than fits."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from ..shared.errors import invariant
from ..shared.ids import TenantId


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    subject: UUID
    due_at: datetime


def fair_batch(waiting: Iterable[Waiting], *, limit: int) -> tuple[Waiting, ...]:
    """Everybody's oldest work first, a share each; then whatever is oldest, so that none is empty.

    A share is the batch divided by those who wait, rounded up. Nobody gets more than that while
    somebody else gets less and has more.
    """
    invariant(limit > 0, "a batch has room")
    oldest_first = sorted(waiting, key=lambda each: (each.due_at, each.subject))
    tenants = len({each.tenant_id for each in oldest_first})
    if tenants == 0:
        return ()
    share = -(-limit // tenants)
    taken: Counter[TenantId] = Counter()
    turn: list[tuple[int, Waiting]] = []
    for each in oldest_first:
        turn.append((min(taken[each.tenant_id], share), each))
        taken[each.tenant_id] += 1
    # Beyond its share, work is only as urgent as it is old.
    turn.sort(key=lambda each: (each[0], each[1].due_at, each[1].subject))
    return tuple(each for _, each in turn[:limit])
