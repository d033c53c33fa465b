"""Every refusal a caller can see: the one place where errors become statuses and bodies.

A code that is not listed here is not part of the contract: its error is a bug, is logged once, and
the caller learns nothing but the id of the request.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from domain.shared.errors import DomainError, NotFound
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.reply import PROBLEM, Reply, encoder

RETRY_AFTER_SECONDS: Final = 1

_log = logging.getLogger(__name__)


class Kind(msgspec.Struct, frozen=True):
    """`retryable`: the same request with the same key may succeed later, without any change."""

    status: int
    title: str
    retryable: bool = False


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "validation_failed": Kind(400, "The request is not valid"),
        "idempotency_key_required": Kind(400, "An Idempotency-Key is required"),
        "unauthenticated": Kind(401, "The API key is missing or not valid"),
        "insufficient_scope": Kind(403, "The API key may not do this"),
        "tenant_suspended": Kind(403, "The tenant is suspended"),
        "not_found": Kind(404, "Not found"),
        "method_not_allowed": Kind(405, "The method is not allowed here"),
        "second_operator_required": Kind(403, "Another operator has to approve it"),
        "quote_expired": Kind(409, "The quote has expired"),
        "quote_already_accepted": Kind(409, "The quote was accepted before"),
        "client_order_id_taken": Kind(409, "The client_order_id was used before"),
        "external_id_taken": Kind(409, "The external_id was used before"),
        "too_many_keys": Kind(409, "There are too many active API keys"),
        "too_many_webhook_endpoints": Kind(409, "There are too many webhook endpoints"),
        "account_not_empty": Kind(409, "There is something on the account"),
        "account_awaited": Kind(409, "An open order would pay into the account"),
        "change_decided": Kind(409, "The request was decided before"),
        "change_outdated": Kind(409, "What it is about has changed since it was proposed"),
        "order_not_in_review": Kind(409, "The order is not for people to resolve"),
        "order_being_looked_up": Kind(409, "The order is being looked up just now", True),
        "incident_closed": Kind(409, "The incident was closed before"),
        "break_not_open": Kind(409, "The break is not open"),
        "settlement_not_ready": Kind(409, "The settlement's state excludes this"),
        "settlement_not_reconciled": Kind(409, "The settlement's period is not reconciled"),
        "settlement_pays_later": Kind(409, "The provider pays first"),
        "write_off_not_proposed": Kind(409, "There is no write-off to approve"),
        "conflict": Kind(409, "The object's state excludes this"),
        "idempotency_in_progress": Kind(409, "The first request with this key is at work", True),
        "version_conflict": Kind(412, "The object has changed"),
        "body_too_large": Kind(413, "The body is too large"),
        "unsupported_media_type": Kind(415, "The body must be JSON"),
        "insufficient_funds": Kind(422, "The available balance is too low"),
        "limit_exceeded": Kind(422, "The amount is outside the limits"),
        "amount_not_on_lot": Kind(422, "The amount is not a multiple of the lot"),
        "instrument_halted": Kind(422, "The instrument is not open for trading"),
        "account_closed": Kind(422, "The account is closed"),
        "account_not_strict": Kind(422, "The account has no terms to change"),
        "floor_above_available": Kind(422, "The account owes more than that"),
        "customer_suspended": Kind(422, "The customer is suspended"),
        "settlement_amount_invalid": Kind(422, "The amount is not what is left to pay"),
        "breaks_do_not_cancel": Kind(422, "The breaks do not cancel each other out"),
        "statement_not_continuous": Kind(422, "The statement does not follow the last one"),
        "statement_unreadable": Kind(422, "The source's record makes no sense"),
        "too_much_to_reconcile": Kind(422, "There is more than one run can take"),
        "transfer_to_self": Kind(422, "Payer and payee are the same"),
        "webhook_url_refused": Kind(422, "Events are not sent to this URL"),
        "scope_not_grantable": Kind(422, "The scope cannot be given to this key"),
        "linked_failed": Kind(422, "Another transfer of the batch was refused"),
        "idempotency_key_reused": Kind(422, "The key was used for another request"),
        "rate_limited": Kind(429, "Too many requests", True),
        "internal_error": Kind(500, "Something went wrong here", True),
        "statement_incomplete": Kind(503, "The source did not show everything", True),
        "no_liquidity": Kind(503, "No price is available just now", True),
        "overloaded": Kind(503, "There is too much to do just now", True),
    }
)

# What the domain tells apart and a client need not. Everything not found is `not_found`.
PUBLIC_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amount_above_maximum": "limit_exceeded",
        "amount_below_minimum": "limit_exceeded",
        "quote_too_small": "limit_exceeded",
        "amount_invalid": "validation_failed",
        "credit_line_invalid": "validation_failed",
        "reason_invalid": "validation_failed",
        "settlement_text_invalid": "validation_failed",
        "evidence_invalid": "validation_failed",
        "resolution_invalid": "validation_failed",
        "asset_unknown": "not_found",
        "event_types_invalid": "validation_failed",
        "id_invalid": "validation_failed",
        "pricing_invalid": "validation_failed",
        "disabled_by_operator": "conflict",
        # An LP's price that no grid can express: nothing a caller can mend.
        "price_invalid": "no_liquidity",
    }
)

_REASONS: Final = frozenset(
    code for code, public in PUBLIC_CODES.items() if public == "limit_exceeded"
)
# Refusals because something exists already name it: member, kind of id, and where it is found.
_EXISTING: Final[Mapping[str, tuple[str, IdPrefix, str]]] = MappingProxyType(
    {
        "quote_already_accepted": ("order_id", IdPrefix.ORDER, "/v1/orders"),
        "client_order_id_taken": ("order_id", IdPrefix.ORDER, "/v1/orders"),
        "external_id_taken": ("customer_id", IdPrefix.CUSTOMER, "/v1/customers"),
    }
)

WAITING: Final = frozenset(
    {
        "idempotency_in_progress",
        "rate_limited",
        "no_liquidity",
        "overloaded",
        "statement_incomplete",
    }
)
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="aksum"')


class ApiError(Exception):
    """A refusal of this layer; `code` is one of `KINDS`, `context` is more members of the body."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        context: Mapping[str, object] = MappingProxyType({}),
        replayed: bool = False,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = headers
        self.context = context
        self.replayed = replayed


def invalid(detail: str, *, pointer: str | None = None, parameter: str | None = None) -> ApiError:
    """`validation_failed`, with where: a JSON pointer into the body, or a parameter's name."""
    error = {"detail": detail}
    if pointer is not None:
        error["pointer"] = pointer
    if parameter is not None:
        error["parameter"] = parameter
    return ApiError("validation_failed", detail, context={"errors": [error]})


def problem_reply(error: Exception, *, request_id: str, instance: str) -> Reply:
    refusal = error if isinstance(error, ApiError) else _refusal(error)
    if refusal is None:
        _log.error("request %s failed", request_id, exc_info=error)
        refusal = ApiError("internal_error", "the failure is on record under the request id")
    kind = KINDS[refusal.code]
    headers = list(refusal.headers)
    if refusal.code in WAITING:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
    if refusal.code == "unauthenticated":
        headers.append(_CHALLENGE)
    if refusal.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    body = {
        "type": f"/docs#{refusal.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": refusal.detail,
        "instance": instance,
        "code": refusal.code,
        "request_id": request_id,
        "retryable": kind.retryable,
        **refusal.context,
    }
    return Reply(kind.status, encoder.encode(body), media_type=PROBLEM, headers=headers)


def public_code(error: DomainError) -> str | None:
    """None for an error that no caller should ever meet."""
    if isinstance(error, NotFound):
        return "not_found"
    code = PUBLIC_CODES.get(error.code, error.code)
    return code if code in KINDS else None


def _refusal(error: Exception) -> ApiError | None:
    if not isinstance(error, DomainError):
        return None
    code = public_code(error)
    if code is None:
        return None
    replayed = error.context.get("replayed") is True
    return ApiError(code, error.detail, context=_context(error), replayed=replayed)


def _context(error: DomainError) -> dict[str, object]:
    """Only what the contract names: the rest of an error's context is for our own eyes."""
    shown: dict[str, object] = {}
    if public_code(error) == "validation_failed":
        shown["errors"] = [{"detail": error.detail}]
    if error.code in _REASONS:
        shown["reason"] = error.code
    if error.code == "webhook_url_refused":
        shown["reason"] = error.context["reason"]
    existing = _EXISTING.get(error.code)
    if existing is not None:
        name, prefix, path = existing
        found = error.context.get(name)
        if isinstance(found, UUID):
            text = encode_id(prefix, found)
            shown |= {name: text, "existing": f"{path}/{text}"}
    return shown
