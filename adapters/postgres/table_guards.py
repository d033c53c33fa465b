"""The triggers and policies that tables stand under, and a query for those that do not work.

A guard that somebody switched off refuses nothing and says nothing: whoever looks whether the books
are sound asks for it. A test holds the list against the schema.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.postgres.roles import SCHEMA

_APPEND_ONLY: Final = ("append_only", "append_only_truncate")
TRIGGERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "events": _APPEND_ONLY,
        "fills": _APPEND_ONLY,
        "inbox": _APPEND_ONLY,
        "ledger_account_changes": _APPEND_ONLY,
        "ledger_accounts": ("recorded_terms",),
        "ledger_balances": ("accounts_terms",),
        "ledger_checkpoints": _APPEND_ONLY,
        "ledger_corrections": _APPEND_ONLY,
        "ledger_entries": (*_APPEND_ONLY, "zero_sum"),
        "ledger_periods": _APPEND_ONLY,
        "ledger_requests": _APPEND_ONLY,
        "ledger_reversals": _APPEND_ONLY,
        "ledger_seals": _APPEND_ONLY,
        "ledger_transactions": (*_APPEND_ONLY, "not_ahead", "open_period"),
        "lp_events": _APPEND_ONLY,
        "lp_routes": _APPEND_ONLY,
        "price_terms": ("decided_for_good", "kept_for_good", "kept_for_good_truncate"),
        "recon_breaks": ("closed_for_good",),
        "recon_lines": _APPEND_ONLY,
        "recon_matches": (*_APPEND_ONLY, "equal_sides"),
        "recon_positions": _APPEND_ONLY,
        "recon_statements": _APPEND_ONLY,
        "transfer_batch_items": _APPEND_ONLY,
        "transfer_batches": _APPEND_ONLY,
    }
)
_EXPECTED: Final = ", ".join(
    f"('{table}', '{trigger}')" for table, triggers in TRIGGERS.items() for trigger in triggers
)

# Rows (guard, fault). Row triggers of a partition come and go with its parent's; they are switched
# off by themselves. Of `access_directory` no row is anybody's to read.
FAULTS: Final = f"""
SELECT c.relname || '.' || t.tgname AS guard, 'switched off'::text AS fault
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'A'
UNION ALL
SELECT e.name || '.' || e.trigger, 'not there'
FROM (VALUES {_EXPECTED}) e (name, trigger)
JOIN pg_class p ON p.relnamespace = '{SCHEMA}'::regnamespace AND p.relname = e.name
WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = p.oid AND t.tgname = e.trigger)
UNION ALL
SELECT c.relname || '.append_only_truncate', 'not there'
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
JOIN (VALUES {_EXPECTED}) e (name, trigger)
  ON e.name = p.relname AND e.trigger = 'append_only_truncate'
WHERE p.relnamespace = '{SCHEMA}'::regnamespace AND NOT EXISTS (
  SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = e.trigger)
UNION ALL
SELECT c.relname || '.' || w.policy, 'not there'
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
CROSS JOIN (VALUES ('tenant_isolation', '*'), ('operators_read', 'r')) w (policy, command)
WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND NOT a.attisdropped AND c.relname <> 'access_directory'
  AND NOT EXISTS (
    SELECT FROM pg_policy y
    WHERE y.polrelid = c.oid AND y.polname = w.policy AND y.polcmd::text = w.command
      AND y.polpermissive)
UNION ALL
SELECT c.relname || '.row_security', 'not forced'
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT a.attisdropped AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
"""
