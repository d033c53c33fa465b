from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from adapters.memory.store import IntentKey, IntentRow, Rows
from application.ports.intents import CLAIM_MAX, Intent, IntentKind
from domain.shared.errors import invariant


class MemoryIntents:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, kind: IntentKind, subject: UUID, *, payload: bytes | None) -> None:
        await self._rows.intents.lock((kind, subject))
        invariant(self._rows.intents.get((kind, subject)) is None, "the intent exists already")
        due_at = self._rows.session.now()
        row = IntentRow(payload=payload, next_action_at=due_at, created_at=due_at)
        self._rows.intents.put((kind, subject), row)

    async def add_leased(self, kind: IntentKind, subject: UUID, *, duration: timedelta) -> int:
        """Adds an intent whose first lease is the caller's; its token."""
        await self.add(kind, subject, payload=None)
        (leased,) = await self.lease(kind, (subject,), duration=duration)
        return leased.lease_token

    async def lease(
        self, kind: IntentKind, subjects: tuple[UUID, ...], *, duration: timedelta
    ) -> tuple[Intent, ...]:
        invariant(len(subjects) <= CLAIM_MAX, "too many intents at once")
        leased = [await self._lease(kind, each, duration) for each in sorted(set(subjects))]
        return tuple(intent for intent in leased if intent is not None)

    async def finish(self, intent: Intent) -> bool:
        if await self.held(intent.kind, intent.subject, token=intent.lease_token) is None:
            self._rows.session.lose()
            return False
        self._rows.intents.delete((intent.kind, intent.subject))
        return True

    async def postpone(self, intent: Intent, *, until: datetime, error: str | None) -> bool:
        row = await self.held(intent.kind, intent.subject, token=intent.lease_token)
        if row is None:
            return False
        later = replace(row, lease_until=None, next_action_at=until, last_error=error)
        self._rows.intents.put((intent.kind, intent.subject), later)
        return True

    async def give_back(self, intent: Intent) -> bool:
        row = await self.held(intent.kind, intent.subject, token=intent.lease_token)
        if row is None:
            return False
        back = replace(row, lease_until=None, attempts=max(row.attempts - 1, 0))
        self._rows.intents.put((intent.kind, intent.subject), back)
        return True

    async def make_due(self, kind: IntentKind, subject: UUID) -> bool:
        await self._rows.intents.lock((kind, subject))
        row = self._rows.intents.get((kind, subject))
        now = self._rows.session.now()
        if row is None or (row.lease_until is not None and row.lease_until > now):
            return False
        due = replace(
            row, parked=False, parked_at=None, lease_until=None, next_action_at=now, attempts=0
        )
        self._rows.intents.put((kind, subject), due)
        return True

    async def renew(self, kind: IntentKind, subject: UUID, *, lease: timedelta) -> None:
        """The lease of a held row begins anew, as if it were the first."""
        row = self._rows.intents.get((kind, subject))
        invariant(row is not None, "a lease was held for an intent that is not there")
        until = self._rows.session.now() + lease
        if row is not None:
            anew = replace(row, attempts=1, last_error=None, lease_until=until)
            self._rows.intents.put((kind, subject), replace(anew, next_action_at=until))

    async def park(self, intent: Intent, *, error: str) -> bool:
        row = await self.held(intent.kind, intent.subject, token=intent.lease_token)
        if row is None:
            return False
        self._park((intent.kind, intent.subject), row, error)
        return True

    async def set_aside(self, kind: IntentKind, subject: UUID, *, reason: str) -> bool:
        await self._rows.intents.lock((kind, subject))
        row = self._rows.intents.get((kind, subject))
        now = self._rows.session.now()
        if row is None or row.parked or (row.lease_until is not None and row.lease_until > now):
            return False
        self._park((kind, subject), row, reason)
        return True

    def _park(self, key: IntentKey, row: IntentRow, reason: str) -> None:
        now = self._rows.session.now()
        parked = replace(row, parked=True, parked_at=now, lease_until=None, last_error=reason)
        self._rows.intents.put(key, parked)

    async def held(self, kind: IntentKind, subject: UUID, *, token: int) -> IntentRow | None:
        """The locked row, if the lease of that token was not lost."""
        await self._rows.intents.lock((kind, subject))
        row = self._rows.intents.get((kind, subject))
        return row if row is not None and row.is_leased_as(token) else None

    async def _lease(self, kind: IntentKind, subject: UUID, duration: timedelta) -> Intent | None:
        if not await self._rows.intents.try_lock((kind, subject)):
            return None
        now = self._rows.session.now()
        row = self._rows.intents.get((kind, subject))
        if row is None or not row.is_free(now):
            return None
        leased = replace(
            row,
            lease_token=row.lease_token + 1,
            lease_until=now + duration,
            attempts=row.attempts + 1,
        )
        self._rows.intents.put((kind, subject), leased)
        return Intent(
            tenant_id=self._rows.session.tenant_id,
            kind=kind,
            subject=subject,
            payload=leased.payload,
            lease_token=leased.lease_token,
            attempts=leased.attempts,
        )
