"""What each role may see and change across and within tenants, table by table."""

from adapters.postgres.roles import Role

DUE = {
    "intents": "state = 'due' AND next_action_at <= now()",
    "quotes": "status = 'open' AND expires_at <= now()",
    "ledger_holds": "state = 'active' AND expires_at <= now()",
    "tenants": "true",
    "outbox": "true",
    "event_heads": "true",
    "webhook_endpoints": "status = 'active'",
    "webhook_deliveries": "state = 'due' AND next_action_at <= now()",
}
# Rows of others that a role may read, as a condition. Operators' reads are audited, not filtered.
READABLE = {
    Role.API: {},
    Role.WORKER: DUE,
    Role.OPS: None,
}
UPDATABLE = {
    "api_keys",
    "change_requests",
    "customers",
    "event_heads",
    "intents",
    "ledger_balances",
    "ledger_days",
    "ledger_folds",
    "ledger_holds",
    "ledger_verifications",
    "ledger_verified_sums",
    "lp_attempts",
    "orders",
    "quotes",
    "recon_breaks",
    "recon_sources",
    "tenants",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_keys",
}
DELETABLE = {
    *("intents", "ledger_verified_sums", "outbox"),
    *("webhook_attempts", "webhook_deliveries", "webhook_keys"),
}
WRITTEN_BY_ONE_ROLE = {
    "event_heads": Role.WORKER,
    "events": Role.WORKER,
    "ledger_seals": Role.WORKER,
    "ledger_verifications": Role.OPS,
    "ledger_verified_sums": Role.OPS,
}
# Made by every role, and taken out by one.
DELETED_BY_ONE_ROLE = {
    "outbox": Role.WORKER,
    "webhook_attempts": Role.WORKER,
    "webhook_deliveries": Role.WORKER,
}
