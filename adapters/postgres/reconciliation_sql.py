"""Statements of reconciliation. Lists of rows arrive as JSON-free arrays, one per column."""

from typing import Final

from application.ports.reconciliation import ENTRIES_MAX, OPEN_BREAKS_MAX, UNFINISHED_MAX

SOURCE: Final = "name, kind, account_code, account_owner"
STATEMENT: Final = "id, source, since, until, list_from, digest, created_at"
POSITION: Final = """asset, opening, lines, other, closing, reported, pending,
  opening_pending, ledger, breaks"""
LINE: Final = "id, ref, other_ref, batch_ref, asset, units, value_on"
BREAK: Final = """id, source, type, asset, units, line_id, account_id, transaction_id, item_units,
  item_refs, item_batch_ref, booked_at, refs, detail, value_on, state, owner, proposed_by,
  proposed_at, proposed_reason, approved_by, approved_at, resolution, resolved_by, match_id,
  resolution_transaction, version, created_at, updated_at"""

ADD_SOURCE = f"""
INSERT INTO recon_sources (tenant_id, {SOURCE}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
SOURCES = f"SELECT {SOURCE} FROM recon_sources WHERE tenant_id = $1 ORDER BY name"
LOCK_SOURCE = """
SELECT name FROM recon_sources WHERE tenant_id = $1 AND name = $2 FOR NO KEY UPDATE
"""

ADD_STATEMENT = f"""
INSERT INTO recon_statements (tenant_id, {STATEMENT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT recon_statements_digest_key DO NOTHING RETURNING id
"""
ADD_POSITION = f"""
INSERT INTO recon_positions (tenant_id, statement_id, {POSITION})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
# A further line of a name that is there already gets the next number.
ADD_LINE = f"""
INSERT INTO recon_lines (tenant_id, statement_id, source, {LINE}, occurrence)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, count(*) FROM recon_lines
WHERE tenant_id = $1 AND source = $3 AND ref = $5 AND asset = $8
"""
STATEMENTS = f"SELECT {STATEMENT} FROM recon_statements WHERE tenant_id = $1 "
ONE_STATEMENT = STATEMENTS + "AND id = $2"
LAST_STATEMENT = STATEMENTS + "AND source = $2 ORDER BY until DESC LIMIT 1"
HAS_DIGEST = """
SELECT EXISTS (SELECT FROM recon_statements WHERE tenant_id = $1 AND source = $2 AND digest = $3)
"""
PAGE_STATEMENTS = (
    STATEMENTS + "AND ($2::text IS NULL OR source = $2) AND id < $3 ORDER BY id DESC LIMIT $4"
)
POSITIONS = f"""
SELECT statement_id, {POSITION} FROM recon_positions
WHERE tenant_id = $1 AND statement_id = ANY($2::uuid[]) ORDER BY statement_id, asset
"""
LINES = f"SELECT {LINE} FROM recon_lines WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id"
NAMES = """
SELECT l.asset, l.ref, bool_or(m.line_id IS NOT NULL) AS matched FROM recon_lines l
LEFT JOIN recon_matches m ON m.tenant_id = l.tenant_id AND m.line_id = l.id
WHERE l.tenant_id = $1 AND l.source = $2 AND l.ref = ANY($3::text[])
GROUP BY l.asset, l.ref
"""

ADD_MATCH = """
INSERT INTO recon_matches (tenant_id, match_id, position, rule, source, statement_id, asset,
  made_by, created_at, line_id, account_id, transaction_id, units)
SELECT $1, $2, p.number - 1, $3, $4, $5, $6, $7, $8, p.line_id, p.account_id, p.transaction_id,
  p.units::numeric
FROM unnest($9::uuid[], $10::uuid[], $11::uuid[], $12::text[]) WITH ORDINALITY
  AS p (line_id, account_id, transaction_id, units, number)
"""
FINISHED = """
SELECT m.account_id, m.transaction_id
FROM unnest($2::uuid[], $3::uuid[]) AS wanted (account_id, transaction_id)
JOIN recon_matches m ON m.tenant_id = $1 AND m.account_id = wanted.account_id
  AND m.transaction_id = wanted.transaction_id AND m.line_id IS NULL
"""

# One statement, so that balances and entries are of one moment. An asset's debit is what grows. The
# accounts are deferred: a checkpoint and the tail behind it, as in the view of accounts.
LEDGER_SIDE = f"""
SELECT a.id AS account_id, a.asset,
  coalesce(c.debits - c.credits, 0) - coalesce(d.units, 0) AS balance,
  e.transaction_id, -e.units AS units, e.booked_at, e.template, e.reference,
  e.mirror_tenant_id, e.mirror_of
FROM ledger_accounts a
LEFT JOIN LATERAL (
  SELECT k.through, k.debits, k.credits FROM ledger_checkpoints k
  WHERE k.tenant_id = $1 AND k.account_id = a.id ORDER BY k.through DESC LIMIT 1) c ON true
CROSS JOIN LATERAL (SELECT coalesce(c.through, '-infinity') AS since OFFSET 0) s
LEFT JOIN LATERAL (
  SELECT sum(units) AS units FROM ledger_entries
  WHERE tenant_id = $1 AND account_id = a.id AND booked_at >= s.since) d ON true
LEFT JOIN LATERAL (
  SELECT e.transaction_id, e.units, e.booked_at, t.template, t.reference, t.mirror_tenant_id,
    t.mirror_of
  FROM ledger_entries e
  CROSS JOIN LATERAL (
    SELECT template, reference, mirror_tenant_id, mirror_of FROM ledger_transactions
    WHERE tenant_id = $1 AND id = e.transaction_id OFFSET 0) t
  WHERE e.tenant_id = $1 AND e.account_id = a.id AND e.booked_at >= $4
) e ON true
WHERE a.tenant_id = $1 AND a.code = $2 AND a.owner = $3
ORDER BY a.asset, e.booked_at, e.transaction_id LIMIT {ENTRIES_MAX + 1}
"""

BREAKS = f"SELECT {BREAK} FROM recon_breaks WHERE tenant_id = $1 "
ONE_BREAK = BREAKS + "AND id = $2"
OPEN_BREAKS = (
    BREAKS + f"AND source = $2 AND state <> 'closed' ORDER BY id LIMIT {OPEN_BREAKS_MAX + 1}"
)
PAGE_BREAKS = (
    BREAKS + "AND ($2::text IS NULL OR source = $2) "
    "AND CASE WHEN $3::text IS NULL THEN state <> 'closed' ELSE state = $3 END "
    "AND ($4::text IS NULL OR type = $4) AND id > $5 "
    "AND value_on BETWEEN coalesce($7, '-infinity'::date) AND coalesce($8, 'infinity'::date) "
    "ORDER BY id LIMIT $6"
)
ADD_BREAK = f"""
INSERT INTO recon_breaks (tenant_id, {BREAK}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
  $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
"""
UPDATE_BREAK = """
UPDATE recon_breaks SET type = $3, units = $4, detail = $5, state = $6, owner = $7,
  proposed_by = $8, proposed_at = $9, proposed_reason = $10, approved_by = $11, approved_at = $12,
  resolution = $13, resolved_by = $14, match_id = $15, resolution_transaction = $16, version = $17,
  updated_at = $18, line_id = $19, account_id = $20, transaction_id = $21, item_units = $22,
  item_refs = $23, item_batch_ref = $24, booked_at = $25, refs = $26, value_on = $27
WHERE tenant_id = $1 AND id = $2 AND version = $17 - 1 RETURNING id
"""

OF_ORDERS = """
SELECT f.order_id, a.lp, a.lp_quote_id, a.client_ref, f.source_ref, f.transaction_id FROM fills f
JOIN lp_attempts a ON a.tenant_id = f.tenant_id AND a.order_id = f.order_id AND a.state = 'filled'
WHERE f.tenant_id = $1 AND f.order_id = ANY($2::uuid[]) AND f.source = 'lp' ORDER BY f.order_id
"""
OPEN_ATTEMPTS = f"""
SELECT order_id, lp, lp_quote_id, client_ref, lp_execution_id, state FROM lp_attempts
WHERE tenant_id = $1 AND lp = $2 AND state IN ('sending', 'pending', 'unknown')
ORDER BY order_id LIMIT {UNFINISHED_MAX + 1}
"""
OPEN_MIRRORS = f"""
SELECT payload->>'reference' AS reference FROM intents
WHERE tenant_id = $1 AND kind = 'mirror' AND payload->>'fact' = 'trade.v1' AND payload->>'lp' = $2
ORDER BY subject LIMIT {UNFINISHED_MAX + 1}
"""
