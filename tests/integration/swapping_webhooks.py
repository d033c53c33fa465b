"""Another tenant's endpoints and deliveries, tried by every method there is for them."""

import asyncpg
from msgspec.structs import replace

from application.ports.webhook_deliveries import Backlog, DeliveryState
from domain.shared.errors import NotFound
from domain.shared.ids import WebhookAttemptId
from tests.contract.webhook_deliveries_contract import ended
from tests.contract.webhook_endpoints_contract import new_endpoint, new_keys
from tests.contract.world import LONG_LEASE
from tests.integration.swapping_attempts import Attempt

ANSWERS: dict[str, tuple[object, Attempt]] = {
    "webhook_deliveries.claim": (
        (),
        lambda tx, of, world: tx.webhook_deliveries.claim(
            of.hooked.endpoint,
            [WebhookAttemptId(world.id())],
            lease=LONG_LEASE,
            under_way_max=9,
        ),
    ),
    "webhook_deliveries.finish": (
        False,
        lambda tx, of, _: tx.webhook_deliveries.finish(
            of.hooked.claim, ended(DeliveryState.DELIVERED)
        ),
    ),
    "webhook_deliveries.attempts": (
        (),
        lambda tx, of, _: tx.webhook_deliveries.attempts(
            of.hooked.endpoint.id, before=None, limit=9
        ),
    ),
    "webhook_deliveries.backlog": (
        Backlog(waiting=0, failed=0, oldest_at=None),
        lambda tx, of, _: tx.webhook_deliveries.backlog(of.hooked.endpoint.id),
    ),
}
REFUSALS: dict[str, tuple[type[Exception], Attempt]] = {
    "webhook_endpoints.get": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.get(of.hooked.endpoint.id),
    ),
    "webhook_endpoints.lock": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.lock(of.hooked.endpoint.id),
    ),
    "webhook_endpoints.update": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.update(replace(of.hooked.endpoint, version=2)),
    ),
    "webhook_endpoints.observe": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.observe(
            replace(of.hooked.endpoint, is_troubled=False)
        ),
    ),
    "webhook_endpoints.remove": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.remove(of.hooked.endpoint.id),
    ),
    "webhook_endpoints.place": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.place(of.hooked.endpoint.id),
    ),
    "webhook_endpoints.advance": (
        NotFound,
        lambda tx, of, _: tx.webhook_endpoints.advance(of.hooked.endpoint.id, to=9),
    ),
    "webhook_endpoints.keys": (
        NotFound,
        lambda tx, of, world: tx.webhook_endpoints.keys(of.hooked.endpoint.id, at=world.now),
    ),
    "webhook_endpoints.replace_keys": (
        NotFound,
        lambda tx, of, world: tx.webhook_endpoints.replace_keys(
            of.hooked.endpoint.id, new_keys(world, 2), expire_at=world.now
        ),
    ),
    "webhook_deliveries.add": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.webhook_deliveries.add(of.hooked.endpoint.id, (of.hooked.due,)),
    ),
    "webhook_deliveries.renew": (
        asyncpg.ForeignKeyViolationError,
        lambda tx, of, _: tx.webhook_deliveries.renew(of.hooked.endpoint.id, (of.hooked.due,)),
    ),
    "webhook_deliveries.forget": (
        asyncpg.InsufficientPrivilegeError,
        lambda tx, of, world: tx.webhook_deliveries.forget(before=world.now, limit=9),
    ),
}
OWN: dict[str, Attempt] = {
    "webhook_endpoints.list": lambda tx, of, _: tx.webhook_endpoints.list(),
    "webhook_endpoints.add": lambda tx, of, world: tx.webhook_endpoints.add(
        new_endpoint(world), new_keys(world), after=0
    ),
}
