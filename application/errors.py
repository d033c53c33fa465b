"""Refusals that no single context of the domain owns. Codes are part of the public contract."""

from domain.shared.errors import Conflict, DomainError, Forbidden, NotFound, RuleViolation


class IdempotencyKeyReused(RuleViolation):
    """The key was used before, for a request with another body."""

    code = "idempotency_key_reused"


class IdempotencyInProgress(Conflict):
    """The first request with this key has not finished. Ask again shortly."""

    code = "idempotency_in_progress"


class Unauthenticated(Forbidden):
    code = "unauthenticated"


class CustomerNotFound(NotFound):
    """No such customer of this tenant."""


class CustomerExists(Conflict):
    """The `external_id` belongs to another customer of this tenant."""

    code = "external_id_taken"


class CustomerSuspended(RuleViolation):
    code = "customer_suspended"


class ClientOrderIdTaken(Conflict):
    """Another order of this tenant has this `client_order_id`; `order_id` names it."""

    code = "client_order_id_taken"


class VersionConflict(Conflict):
    """The object changed since the caller read it."""

    code = "version_conflict"


class ChangeDecided(Conflict):
    """It was approved or rejected before; a new request can be made."""

    code = "change_decided"


class InsufficientFunds(RuleViolation):
    code = "insufficient_funds"


class NoLiquidity(DomainError):
    """No LP gives a price just now. Nothing happened; the same request may be sent again."""

    code = "no_liquidity"


class Overloaded(DomainError):
    """More work than there is room for. Nothing happened."""

    code = "overloaded"


class LostRace(DomainError):
    """Somebody else finished this work first; the caller reads what they recorded."""

    code = "lost_race"


class CommitUnknown(DomainError):
    """The connection broke while it was committing. What has a key can be sent again."""

    code = "commit_unknown"
