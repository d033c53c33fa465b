import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from application import crash_points
from application.ports.clock import Clock, IdGenerator
from application.ports.events import Event
from application.ports.unit_of_work import Lane, Transaction, UnitOfWork
from application.ports.webhook_deliveries import (
    CLAIM_MAX,
    DETAIL_LENGTH_MAX,
    RESPONSE_LENGTH_MAX,
    AttemptResult,
    Claim,
    DeliveryState,
)
from application.ports.webhooks import SigningKeys, WebhookKeys, WebhookSender
from application.webhooks.announcing import disabled
from application.webhooks.payload import message_body, message_id
from domain.shared.errors import NotFound
from domain.shared.ids import WebhookAttemptId
from domain.webhooks.answer import Answer, Answered, NoAnswer, Verdict, judge, outcome_of, wish_of
from domain.webhooks.endpoint import EndpointStatus, after_attempt
from domain.webhooks.fairness import BOUNDS, Waiting
from domain.webhooks.schedule import JITTER_PPM_MAX, pause_before_next
from domain.webhooks.signing import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    signature_header,
    signed_content,
    timestamp_of,
)

# An attempt begins within this, takes at most 15 s, and is written down before the lease ends:
# while it may be under way, nobody else makes it.
BEGIN_WITHIN: Final = timedelta(seconds=8)
LEASE: Final = timedelta(seconds=30)

Jitter = Callable[[int], int]
"""Draws a whole number from 0 up to and including its argument."""

_log = logging.getLogger(__name__)


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is ours to make: nothing but sending is left."""

    claim: Claim
    url: str
    headers: Mapping[str, str]
    body: bytes
    claimed_at: datetime


class DeliverWebhooks:
    """- An attempt is recorded before it is made, under a lease; nothing is open while it is made.
    - Killed in between, it is made again, with the same `webhook-id`: at least once, never lost.
    - Only 2xx is a receipt. Anything else is tried again by the schedule, ten times in all.
    - 410 disables the endpoint at once, five days of failures do, and the tenant is told.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        clock: Clock,
        ids: IdGenerator,
        keys: WebhookKeys,
        sender: WebhookSender,
        jitter: Jitter,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._sender = sender
        self._jitter = jitter

    async def claim(self, waiting: Waiting, count: int) -> tuple[Prepared, ...]:
        """Up to `count`, signed. Raises `SecretBoxUnavailable`, and claims nothing then."""
        now = self._clock.now()
        attempt_ids = [WebhookAttemptId(self._ids.new()) for _ in range(min(count, CLAIM_MAX))]
        async with self._uow.begin(waiting.tenant_id) as tx:
            try:
                endpoint = await tx.webhook_endpoints.lock(waiting.endpoint_id)
            except NotFound:
                return ()
            if endpoint.status is not EndpointStatus.ACTIVE:
                return ()
            # Among all workers; each of them by itself keeps to more bounds than this one.
            under_way_max = (
                BOUNDS.per_troubled_endpoint if endpoint.is_troubled else BOUNDS.per_endpoint
            )
            claims = await tx.webhook_deliveries.claim(
                endpoint, attempt_ids, lease=LEASE, under_way_max=under_way_max
            )
            keys = await tx.webhook_endpoints.keys(endpoint.id, at=now)
            events = [await tx.events.get(each.event_id) for each in claims]
            prepared = [
                await self._prepare(each, event, endpoint.url, keys, now)
                for each, event in zip(claims, events, strict=True)
            ]
            if crash_points.armed:
                await crash_points.reach(crash_points.WEBHOOK_BEFORE_CLAIM)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.WEBHOOK_CLAIMED)
        return tuple(prepared)

    async def attempt(self, prepared: Prepared) -> Verdict | None:
        """None when it came too late to be made, or its lease was lost while it was."""
        began = self._clock.now()
        if began - prepared.claimed_at > BEGIN_WITHIN:
            return None
        if crash_points.armed:
            await crash_points.reach(crash_points.WEBHOOK_BEFORE_SEND)
        answer = await self._sender.send(prepared.url, prepared.headers, prepared.body)
        if crash_points.armed:
            await crash_points.reach(crash_points.WEBHOOK_SENT)
        now = self._clock.now()
        took = max(now - began, timedelta(0))
        async with self._uow.begin(prepared.claim.tenant_id, lane=Lane.RECORD) as tx:
            held = await self._record(tx, prepared, answer, now=now, took=took)
            if crash_points.armed:
                await crash_points.reach(crash_points.WEBHOOK_BEFORE_RECORD)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.WEBHOOK_RECORDED)
        return judge(answer) if held else None

    async def _prepare(
        self,
        claim: Claim,
        event: Event,
        url: str,
        keys: tuple[SigningKeys, ...],
        at: datetime,
    ) -> Prepared:
        name, timestamp, body = message_id(event), timestamp_of(at), message_body(event)
        content = signed_content(name, timestamp, body)
        signatures = await self._keys.sign(claim.tenant_id, claim.endpoint_id, keys, content)
        headers = {
            ID_HEADER: name,
            TIMESTAMP_HEADER: str(timestamp),
            SIGNATURE_HEADER: signature_header(signatures),
        }
        return Prepared(claim=claim, url=url, headers=headers, body=body, claimed_at=at)

    async def _record(
        self, tx: Transaction, prepared: Prepared, answer: Answer, *, now: datetime, took: timedelta
    ) -> bool:
        """False when the lease was lost: then only what was tried is written down.

        What an endpoint's former URL answers says nothing of the one it has now.
        """
        claim = prepared.claim
        try:
            endpoint = await tx.webhook_endpoints.lock(claim.endpoint_id)
        except NotFound:
            endpoint = None
        result = self._result(claim, answer, took=took)
        if not await tx.webhook_deliveries.finish(claim, result):
            _log.warning("the lease of attempt %s was lost while it was made", claim.attempt_id)
            return False
        if endpoint is None or endpoint.url != prepared.url:
            return True
        after = after_attempt(endpoint, judge(answer), at=now, took=took)
        if after.version != endpoint.version:
            await tx.webhook_endpoints.update(after)
            await tx.outbox.add(disabled(after, self._ids))
            if crash_points.armed:
                await crash_points.reach(crash_points.WEBHOOK_DISABLING)
        elif after is not endpoint:
            await tx.webhook_endpoints.observe(after)
        return True

    def _result(self, claim: Claim, answer: Answer, *, took: timedelta) -> AttemptResult:
        pause, state = None, DeliveryState.DELIVERED
        if judge(answer) is not Verdict.DELIVERED:
            pause = pause_before_next(
                claim.attempts,
                jitter_ppm=self._jitter(JITTER_PPM_MAX),
                wish=wish_of(answer),
            )
            state = DeliveryState.FAILED if pause is None else DeliveryState.DUE
        status, response, detail = None, "", ""
        match answer:
            case Answered():
                status, response = answer.status, answer.body[:RESPONSE_LENGTH_MAX]
            case NoAnswer():
                detail = answer.detail[:DETAIL_LENGTH_MAX]
        return AttemptResult(
            state=state,
            pause=pause,
            outcome=outcome_of(answer),
            http_status=status,
            detail=detail,
            response=response,
            took_ms=took // timedelta(milliseconds=1),
        )
