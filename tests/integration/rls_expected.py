"""What each role may see of other tenants, table by table. What it may write: `granted`."""

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
