"""Which role may write which column of which table: all of it, stated once and compared with both
the catalogue and what the database does.

Whatever a table is missing here, nobody writes it. Everything is read by all three, but for what
`UNREAD` names.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from adapters.postgres.roles import Role

ALL: Final = "*"
API, WORKER, OPS = Role.API, Role.WORKER, Role.OPS
API_OPS: Final = (API, OPS)
EVERYBODY: Final = (API, WORKER, OPS)


class Right(NamedTuple):
    """`columns` are separated by blanks; of a DELETE there are none."""

    roles: tuple[Role, ...]
    privilege: str
    columns: str = ALL


INSERT, UPDATE, DELETE = "INSERT", "UPDATE", "DELETE"
# The schema's version is read by all, and tables of names by those who work with them.
UNREAD: Final = {
    "access_directory": EVERYBODY,
    "partitioned_tables": (API,),
    "schedules": (API,),
}
_SERVED: Final = (Right(API_OPS, INSERT),)
_SETTLED: Final = (Right(EVERYBODY, INSERT),)
_CHANGED: Final = (Right(EVERYBODY, INSERT), Right(EVERYBODY, UPDATE))
GRANTED: Final[Mapping[str, tuple[Right, ...]]] = {
    "access_directory": _SERVED,
    "api_keys": (*_SERVED, Right(API_OPS, UPDATE, "expires_at status updated_at version")),
    "assets": (Right((OPS,), INSERT, "code name kind scale"), Right((OPS,), UPDATE, "name")),
    "change_requests": (
        Right(
            API_OPS,
            INSERT,
            ("tenant_id id kind change reason state proposed_by proposed_by_name proposed_at"),
        ),
        Right(API_OPS, UPDATE, "state decided_by decided_by_name decided_at"),
    ),
    "client_order_ids": _SERVED,
    "customers": (*_SERVED, Right(API_OPS, UPDATE, "metadata status updated_at version")),
    "deposits": _SERVED,
    "event_heads": (Right((WORKER,), INSERT), Right((WORKER,), UPDATE)),
    "events": (Right((WORKER,), INSERT),),
    "fills": (Right(EVERYBODY, INSERT),),
    "idempotency_keys": _SERVED,
    "inbox": (Right(EVERYBODY, INSERT),),
    "instruments": (Right((OPS,), INSERT),),
    "intents": (
        Right(EVERYBODY, INSERT),
        Right(
            EVERYBODY,
            UPDATE,
            "attempts last_error lease_token lease_until next_action_at parked_at state",
        ),
        Right(EVERYBODY, DELETE),
    ),
    "ledger_account_changes": (
        Right(
            API_OPS,
            INSERT,
            (
                "tenant_id account_id change_id floor_before floor_after status_before "
                "status_after reason proposed_by approved_by"
            ),
        ),
    ),
    "ledger_accounts": (
        Right(EVERYBODY, INSERT),
        Right(API_OPS, UPDATE, "floor_units status"),
    ),
    "ledger_balances": (
        Right(EVERYBODY, INSERT, "tenant_id account_id sign floor_units"),
        Right(EVERYBODY, UPDATE, "debits credits held version last_booked_at"),
        Right(API_OPS, UPDATE, "floor_units closed"),
    ),
    "ledger_checkpoints": (Right((WORKER,), INSERT),),
    "ledger_clock": (Right((WORKER, OPS), UPDATE, "closed_until mark_at mark_xid"),),
    "ledger_corrections": (Right((OPS,), INSERT),),
    "ledger_days": (Right((WORKER,), INSERT), Right((WORKER,), UPDATE, "debits credits")),
    "ledger_entries": (
        Right(
            EVERYBODY,
            INSERT,
            (
                "tenant_id transaction_id leg account_id asset units account_seq "
                "balance_after booked_at"
            ),
        ),
    ),
    "ledger_folds": (
        Right((WORKER,), INSERT, "tenant_id folded_until"),
        Right((WORKER,), UPDATE, "folded_until updated_at"),
    ),
    "ledger_holds": (
        *_SERVED,
        Right(EVERYBODY, UPDATE, "captured released remaining state updated_at"),
    ),
    "ledger_periods": (Right((OPS,), INSERT),),
    "ledger_requests": (
        Right(
            EVERYBODY,
            INSERT,
            "tenant_id key fingerprint outcome account_id hold_id transaction_id",
        ),
    ),
    "ledger_reversals": _SETTLED,
    "ledger_seals": (Right((WORKER,), INSERT),),
    "ledger_transactions": (
        Right(
            EVERYBODY,
            INSERT,
            (
                "tenant_id id template reference effective_on reverses mirror_tenant_id "
                "mirror_of booked_at"
            ),
        ),
    ),
    "ledger_verifications": (
        Right((OPS,), INSERT, "tenant_id booked_before orders_from"),
        Right((OPS,), UPDATE, "booked_before orders_from verified_at"),
    ),
    "ledger_verified_sums": (
        Right((OPS,), INSERT),
        Right((OPS,), UPDATE, "debits credits entries"),
        Right((OPS,), DELETE),
    ),
    "lp_routes": (
        Right(
            (OPS,),
            INSERT,
            (
                "instrument version lps mode at_once hedge_after_ms reason changed_by "
                "changed_by_name"
            ),
        ),
    ),
    "liquidity_providers": (
        Right((OPS,), INSERT),
        Right(API_OPS, UPDATE, "state state_reason updated_at version"),
    ),
    "lp_events": (Right(EVERYBODY, INSERT, "lp instrument operation before after cause by at"),),
    "lp_health": _CHANGED,
    "lp_attempts": (
        *_SERVED,
        Right(
            EVERYBODY,
            UPDATE,
            (
                "evidence lookups lp_execution_id reported_base_units reported_quote_units "
                "resolved_by state updated_at version"
            ),
        ),
    ),
    "orders": (
        *_SERVED,
        Right(EVERYBODY, UPDATE, "outcome reject_reason status updated_at version"),
    ),
    "outbox": (
        Right(
            EVERYBODY,
            INSERT,
            ("tenant_id resource_id resource_version id type customer_ids occurred_at data"),
        ),
        Right((WORKER,), DELETE),
    ),
    "price_terms": (
        Right((OPS,), INSERT, "id kind instrument terms reason proposed_by proposed_by_name"),
        Right((OPS,), UPDATE, "state decided_by decided_by_name decided_at"),
    ),
    "quotes": (
        *_SERVED,
        Right(API_OPS, UPDATE, "order_id"),
        Right(EVERYBODY, UPDATE, "status updated_at version"),
    ),
    "recon_breaks": (
        *_SETTLED,
        Right(
            EVERYBODY,
            UPDATE,
            (
                "account_id approved_at approved_by booked_at detail item_batch_ref "
                "item_refs item_units line_id match_id owner proposed_at proposed_by "
                "proposed_reason refs resolution resolution_transaction resolved_by state "
                "transaction_id type units updated_at value_on version"
            ),
        ),
    ),
    "recon_lines": _SETTLED,
    "recon_matches": _SETTLED,
    "recon_positions": _SETTLED,
    # Nothing of a source changes; its row is what runs lock, which takes a right to update.
    "recon_sources": (*_SETTLED, Right(EVERYBODY, UPDATE, "created_at")),
    "recon_statements": _SETTLED,
    "schedules": (Right((WORKER,), INSERT), Right((WORKER, OPS), UPDATE)),
    "tenants": (*_SERVED, Right(API_OPS, UPDATE, "status updated_at version")),
    "transfer_batch_items": _SERVED,
    "transfer_batches": _SERVED,
    "transfers": _SERVED,
    "webhook_attempts": (*_CHANGED, Right((WORKER,), DELETE)),
    "webhook_deliveries": (*_CHANGED, Right((WORKER,), DELETE)),
    "webhook_endpoints": _CHANGED,
    "webhook_keys": (*_CHANGED, Right(EVERYBODY, DELETE)),
}


def columns(role: Role, table: str, privilege: str) -> tuple[str, ...]:
    """Those the role may write: `(ALL,)` for every one there is or will be, `()` for none."""
    found = [
        column
        for right in GRANTED.get(table, ())
        if right.privilege == privilege and role in right.roles
        for column in right.columns.split()
    ]
    return tuple(found)
