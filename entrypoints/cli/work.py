"""Naming and showing work: `mirror/txn_…`, its kind and what it is about."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import click
import msgspec

from application.jobs.work_policy import FAILING_FROM, WORK
from application.ports.intents import IntentKind
from application.ports.schedules import Schedule
from application.ports.work_list import Backlog, Work
from domain.shared.ids import IdPrefix, decode_id, encode_id


def WORK_NAME(text: str) -> tuple[IntentKind, UUID]:  # noqa: N802 - its name is what --help shows
    """The type of a `mirror/txn_…` argument. click turns the refusal into a usage error."""
    kind, slash, subject = text.partition("/")
    if not slash or kind not in set(IntentKind):
        known = ", ".join(f"{each}/{WORK[each].subject}_…" for each in IntentKind)
        raise click.BadParameter(f"work is named {known}")
    return IntentKind(kind), decode_id(WORK[IntentKind(kind)].subject, subject)


def name_of(work: Work) -> str:
    """A kind that only another release knows is shown with the bare id."""
    if work.kind not in set(IntentKind):
        return f"{work.kind}/{work.subject}"
    return f"{work.kind}/{encode_id(WORK[IntentKind(work.kind)].subject, work.subject)}"


def shown(work: Work) -> Mapping[str, object]:
    return {
        "work": name_of(work),
        "kind": work.kind,
        "state": work.state.value,
        "tenant_id": encode_id(IdPrefix.TENANT, work.tenant_id),
        "attempts": work.attempts,
        "failing": work.attempts >= FAILING_FROM,
        "next_action_at": work.next_action_at,
        "lease_until": work.lease_until,
        "parked_at": work.parked_at,
        "created_at": work.created_at,
        "last_error": work.last_error,
    }


def shown_detail(work: Work) -> Mapping[str, object]:
    payload = None if work.payload is None else msgspec.json.decode(work.payload)
    return {**shown(work), "payload": payload}


def shown_backlog(backlog: Backlog, *, now: datetime) -> Mapping[str, object]:
    return {**msgspec.structs.asdict(backlog), "lag_seconds": lag_seconds(backlog, now=now)}


def lag_seconds(backlog: Backlog, *, now: datetime) -> int:
    """How long the oldest has been due. Rounded down."""
    if backlog.oldest_due_at is None:
        return 0
    return max(int((now - backlog.oldest_due_at).total_seconds()), 0)


def shown_schedule(schedule: Schedule) -> Mapping[str, object]:
    return msgspec.structs.asdict(schedule)
