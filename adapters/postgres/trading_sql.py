"""The statements on the path of every trade: one conditional write each, all or nothing.

A statement that finds the world other than it must be writes nothing that counts: it returns no
row, or a constraint refuses it, and the caller rolls back and lets the domain name the reason.
Locks are taken in the one order there is: idempotency key, quote, intent, order, attempt, hold,
balances by id. What a sub-statement reads from an earlier one makes the database keep that order.
RESERVE also takes the weakest lock there is on the balance that will receive: it is in the way of
nobody but who closes that account, and whoever closes an account waits for nothing after it.

Plans are made once per connection, maybe while the tables are small, and then kept. So each row is
asked for in a way that only its primary key fits: without the words of a partial index (an open
quote is one without an order that has not expired, an active hold one with something remaining),
and with its id as a value, where a join might read all rows of the tenant.

A quota is locked last, whatever a statement does: all of a tenant's trades with one LP and asset
meet there, so it must never be held while somebody's balance is waited for. Which is why what does
not cover an acceptance is found out at its end, by the constraint on the quota.
"""

from adapters.postgres.events import ANNOUNCED
from adapters.postgres.journal_batch import BOOKING_TIME
from adapters.postgres.quote_rows import COLUMNS as QUOTE_COLUMNS

_QUOTE = ", ".join("c." + name.strip() for name in QUOTE_COLUMNS.split(","))

# $1 tenant, $2 key, $3 fingerprint, $4 order, $5 quote, $6 now, $7 client order id,
# $8 client reference, $9 deadline, $10 lease, $11 event, $12 type, $13 version, $14 data
RESERVE = f"""
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '50ms', true)),
keyed AS (
  INSERT INTO idempotency_keys (tenant_id, key, fingerprint, resource, resource_id)
  SELECT $1, $2, $3, 'order', $4 FROM patience
  ON CONFLICT (tenant_id, key) DO NOTHING
  RETURNING set_config('lock_timeout', '2s', true)),
claimed AS (
  UPDATE quotes q
  SET status = 'accepted', order_id = $4, version = q.version + 1, updated_at = $6
  FROM keyed
  WHERE q.tenant_id = $1 AND q.id = $5
    AND q.order_id IS NULL AND q.status <> 'expired' AND q.expires_at > $6
    AND (SELECT u.status FROM customers u WHERE u.tenant_id = $1 AND u.id = q.customer_id)
      = 'active'
  RETURNING q.*),
named AS (
  INSERT INTO client_order_ids (tenant_id, client_order_id, order_id)
  SELECT $1, $7, $4 FROM claimed WHERE $7::text IS NOT NULL
  ON CONFLICT DO NOTHING RETURNING 1),
ordered AS (
  INSERT INTO orders (tenant_id, id, type, status, quote_id, client_order_id, customer_id,
    instrument, side, base_units, quote_units, price, fee_units, version, created_at, updated_at)
  SELECT $1, $4, 'rfq', 'pending', c.id, $7, c.customer_id, c.instrument, c.side, c.base_units,
    c.quote_units, c.price, c.fee_units, 1, $6, $6
  FROM claimed c),
needed AS (
  SELECT t.lp, t.asset, d.units FROM claimed c,
    LATERAL (SELECT
      split_part(c.instrument, '-', CASE c.side WHEN 'buy' THEN 2 ELSE 1 END) AS asset,
      CASE c.side WHEN 'buy' THEN c.lp_quote_units ELSE c.lp_base_units END AS units) d,
    LATERAL (SELECT lp, asset FROM lp_terms WHERE lp = c.lp AND asset = d.asset) t),
attempted AS (
  INSERT INTO lp_attempts (tenant_id, order_id, attempt, lp, lp_quote_id, lp_base_units,
    lp_quote_units, client_ref, state, lp_expires_at, deadline, quota_asset, quota_units,
    created_at, updated_at)
  SELECT $1, $4, 1, c.lp, c.lp_quote_id, c.lp_base_units, c.lp_quote_units, $8, 'sending',
    c.lp_expires_at, $9, n.asset, n.units, $6, $6
  FROM claimed c LEFT JOIN needed n ON true),
leased AS (
  INSERT INTO intents (tenant_id, kind, subject, lease_token, lease_until, attempts,
    next_action_at)
  SELECT $1, 'settle_execution', $4, 1, clock_timestamp() + $10::interval, 1,
    clock_timestamp() + $10::interval
  FROM claimed),
placed AS (
  INSERT INTO ledger_holds (tenant_id, id, account_id, units, remaining, state, reference,
    created_at, updated_at)
  SELECT $1, $4, c.pay_account_id, p.units, p.units, 'active', $8, $6, $6
  FROM claimed c, LATERAL (
    SELECT CASE c.side WHEN 'buy' THEN c.quote_units ELSE c.base_units END AS units) p
  RETURNING account_id, units),
receiving AS (
  SELECT b.account_id FROM ledger_balances b
  WHERE b.tenant_id = $1 AND b.account_id = (SELECT receive_account_id FROM claimed)
    AND NOT b.closed
  FOR KEY SHARE),
held AS (
  UPDATE ledger_balances b SET held = b.held + (SELECT units FROM placed)
  WHERE b.tenant_id = $1 AND b.account_id = (SELECT account_id FROM placed)
    AND ($7::text IS NULL OR EXISTS (SELECT FROM named))
    AND EXISTS (SELECT FROM receiving)
  RETURNING 1),
drawn AS (
  UPDATE lp_quotas q
  SET reserved_units = q.reserved_units + n.units, drawn_units = q.drawn_units + n.units
  FROM needed n, held
  WHERE q.tenant_id = $1 AND q.lp = (SELECT lp FROM needed)
    AND q.asset = (SELECT asset FROM needed)
  RETURNING 1),
announced AS (
  INSERT INTO outbox (tenant_id, {ANNOUNCED})
  SELECT $1, $11, $12, $4, $13, ARRAY[c.customer_id], $6, $14 FROM claimed c)
SELECT {_QUOTE} FROM claimed c, held
WHERE (SELECT count(*) FROM needed) = (SELECT count(*) FROM drawn)
"""

# $1 tenant, $2 order, $3 lease token, $4 attempt, $5 version before, $6 version after, $7 now,
# $8 LP execution, $9 and $10 reported base and quote units, $11 evidence, $12 resolved by,
# $13 strict accounts, $14 debits, $15 credits, $16 held, $17 transaction, $18 template,
# $19 reference, $20 effective date, $21 entry accounts, $22 entry assets, $23 entry units,
# $24 fill, $25 price, $26 base, $27 quote, $28 fee, $29 fee asset, $30 source, $31 source
# reference, $32 executed at, $33 mirror payload, $34 hold, $35 captured units, $36 to $42 what is
# announced
SETTLE = f"""
WITH fenced AS (
  DELETE FROM intents
  WHERE tenant_id = $1 AND kind = 'settle_execution' AND subject = $2 AND lease_token = $3
    AND lease_until IS NOT NULL
  RETURNING 1),
finished AS (
  UPDATE orders o SET status = 'filled', outcome = NULL, version = $6, updated_at = $7
  FROM fenced
  WHERE o.tenant_id = $1 AND o.id = $2 AND o.status = 'pending' AND o.version = $5
  RETURNING 1),
attempted AS (
  UPDATE lp_attempts a
  SET state = 'filled', lp_execution_id = $8, reported_base_units = $9,
    reported_quote_units = $10, evidence = $11, resolved_by = $12, version = a.version + 1,
    updated_at = $7
  FROM finished
  WHERE a.tenant_id = $1 AND a.order_id = $2 AND a.attempt = $4
    AND a.state IN ('sending', 'pending', 'unknown')
  RETURNING a.lp, a.quota_asset, a.quota_units),
captured AS (
  UPDATE ledger_holds h
  SET captured = h.captured + $35, released = h.released + h.remaining - $35, remaining = 0,
    state = 'captured', updated_at = $7
  FROM attempted
  WHERE h.tenant_id = $1 AND h.id = $34 AND h.remaining > 0 AND h.remaining >= $35
  RETURNING 1),
locked AS MATERIALIZED (
  SELECT b.last_booked_at FROM ledger_balances b
  WHERE b.tenant_id = $1 AND b.account_id = ANY($13::uuid[]) AND EXISTS (SELECT FROM captured)
  ORDER BY b.account_id FOR NO KEY UPDATE),
stamp AS MATERIALIZED (
  SELECT greatest({BOOKING_TIME}, max(last_booked_at)) AS at, count(*) AS accounts
  FROM locked),
moved AS (
  UPDATE ledger_balances b
  SET debits = b.debits + d.debits::numeric, credits = b.credits + d.credits::numeric,
    held = b.held + d.held::numeric, version = b.version + 1, last_booked_at = stamp.at
  FROM unnest($13::uuid[], $14::text[], $15::text[], $16::text[])
         AS d (account_id, debits, credits, held), stamp
  WHERE b.tenant_id = $1 AND b.account_id = ANY($13::uuid[]) AND b.account_id = d.account_id
    AND stamp.accounts = cardinality($13::uuid[])
  RETURNING b.account_id, b.version, b.sign * (b.credits - b.debits) AS balance),
booked AS (
  INSERT INTO ledger_transactions (tenant_id, id, template, reference, effective_on, booked_at)
  SELECT $1, $17, $18, $19, $20, stamp.at FROM stamp
  WHERE (SELECT count(*) FROM moved) = cardinality($13::uuid[])
  RETURNING booked_at),
entered AS (
  INSERT INTO ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,
    account_seq, balance_after, booked_at)
  SELECT $1, $17, e.leg - 1, e.account_id, e.asset, e.units::numeric, m.version, m.balance,
    booked.booked_at
  FROM booked, unnest($21::uuid[], $22::text[], $23::text[])
         WITH ORDINALITY AS e (account_id, asset, units, leg)
  LEFT JOIN moved m ON m.account_id = e.account_id),
filled AS (
  INSERT INTO fills (tenant_id, order_id, id, price, base_units, quote_units, fee_units,
    fee_asset, source, source_ref, transaction_id, executed_at, recorded_at)
  SELECT $1, $2, $24, $25, $26, $27, $28, $29, $30, $31, $17, $32, $7 FROM booked),
mirrored AS (
  INSERT INTO intents (tenant_id, kind, subject, payload, next_action_at)
  SELECT $1, 'mirror', $17, $33, clock_timestamp() FROM booked),
used AS (
  UPDATE lp_quotas q
  SET reserved_units = q.reserved_units - a.quota_units, used_units = q.used_units + a.quota_units
  FROM attempted a, booked
  WHERE q.tenant_id = $1 AND q.lp = (SELECT lp FROM attempted)
    AND q.asset = (SELECT quota_asset FROM attempted)),
announced AS (
  INSERT INTO outbox (tenant_id, {ANNOUNCED})
  SELECT $1, $36, $37, $38, $39, $40, $41, $42 FROM booked)
SELECT booked_at FROM booked
"""

# $1 tenant, $2 order, $3 lease token, $4 attempt, $5 version before, $6 version after, $7 now,
# $8 reason, $9 evidence, $10 resolved by, $11 account, $12 to $18 what is announced
REJECT = f"""
WITH fenced AS (
  DELETE FROM intents
  WHERE tenant_id = $1 AND kind = 'settle_execution' AND subject = $2 AND lease_token = $3
    AND lease_until IS NOT NULL
  RETURNING 1),
finished AS (
  UPDATE orders o
  SET status = 'rejected', reject_reason = $8, outcome = NULL, version = $6, updated_at = $7
  FROM fenced
  WHERE o.tenant_id = $1 AND o.id = $2 AND o.status = 'pending' AND o.version = $5
  RETURNING 1),
attempted AS (
  UPDATE lp_attempts a
  SET state = 'rejected', evidence = $9, resolved_by = $10, version = a.version + 1,
    updated_at = $7
  FROM finished
  WHERE a.tenant_id = $1 AND a.order_id = $2 AND a.attempt = $4
    AND a.state IN ('sending', 'pending', 'unknown')
  RETURNING a.lp, a.quota_asset, a.quota_units),
given_back AS (
  SELECT h.units, h.remaining FROM ledger_holds h
  WHERE h.tenant_id = $1 AND h.id = $2 AND h.remaining > 0 AND EXISTS (SELECT FROM attempted)
  FOR NO KEY UPDATE),
released AS (
  UPDATE ledger_holds h
  SET released = h.released + h.remaining, remaining = 0, state = 'released', updated_at = $7
  FROM given_back g WHERE h.tenant_id = $1 AND h.id = $2
  RETURNING g.remaining AS units),
freed AS (
  UPDATE lp_quotas q SET reserved_units = q.reserved_units - a.quota_units
  FROM attempted a, released
  WHERE q.tenant_id = $1 AND q.lp = (SELECT lp FROM attempted)
    AND q.asset = (SELECT quota_asset FROM attempted)),
announced AS (
  INSERT INTO outbox (tenant_id, {ANNOUNCED})
  SELECT $1, $12, $13, $14, $15, $16, $17, $18 FROM attempted)
UPDATE ledger_balances b SET held = b.held - released.units
FROM released WHERE b.tenant_id = $1 AND b.account_id = $11
RETURNING 1
"""

# $1 tenant, $2 order, $3 lease token, $4 attempt, $5 version before, $6 version after, $7 now,
# $8 evidence, $9 resolved by, $10 lease, $11 next attempt, $12 LP, $13 its quote, $14 and $15 its
# base and quote units, $16 client reference, $17 its expiry, $18 deadline
REPRICE = """
WITH fenced AS (
  UPDATE intents
  SET attempts = 1, last_error = NULL, lease_until = clock_timestamp() + $10::interval,
    next_action_at = clock_timestamp() + $10::interval
  WHERE tenant_id = $1 AND kind = 'settle_execution' AND subject = $2 AND lease_token = $3
    AND lease_until IS NOT NULL
  RETURNING 1),
kept AS (
  UPDATE orders o SET version = $6, updated_at = $7
  FROM fenced
  WHERE o.tenant_id = $1 AND o.id = $2 AND o.status = 'pending' AND o.version = $5
    AND o.outcome IS NULL
  RETURNING o.side,
    split_part(o.instrument, '-', CASE o.side WHEN 'buy' THEN 2 ELSE 1 END) AS asset),
refused AS (
  UPDATE lp_attempts a
  SET state = 'rejected', evidence = $8, resolved_by = $9, version = a.version + 1,
    updated_at = $7
  FROM kept
  WHERE a.tenant_id = $1 AND a.order_id = $2 AND a.attempt = $4
    AND a.state IN ('sending', 'pending')
  RETURNING a.lp, a.quota_asset, a.quota_units),
quotas AS MATERIALIZED (
  SELECT q.lp FROM lp_quotas q
  WHERE q.tenant_id = $1 AND q.lp = ANY (ARRAY[(SELECT lp FROM refused), $12])
    AND q.asset = (SELECT asset FROM kept)
  ORDER BY q.lp FOR NO KEY UPDATE),
freed AS (
  UPDATE lp_quotas q SET reserved_units = q.reserved_units - r.quota_units
  FROM refused r
  WHERE q.tenant_id = $1 AND q.lp = (SELECT lp FROM refused)
    AND q.asset = (SELECT quota_asset FROM refused) AND (SELECT count(*) FROM quotas) > 0),
needed AS (
  SELECT t.asset, CASE k.side WHEN 'buy' THEN $15::numeric ELSE $14::numeric END AS units
  FROM kept k, LATERAL (
    SELECT asset FROM lp_terms WHERE lp = $12 AND asset = (SELECT asset FROM kept)) t),
drawn AS (
  UPDATE lp_quotas q
  SET reserved_units = q.reserved_units + n.units, drawn_units = q.drawn_units + n.units
  FROM needed n
  WHERE q.tenant_id = $1 AND q.lp = $12 AND q.asset = (SELECT asset FROM needed)
    AND (SELECT count(*) FROM quotas) > 0
  RETURNING 1)
INSERT INTO lp_attempts (tenant_id, order_id, attempt, lp, lp_quote_id, lp_base_units,
  lp_quote_units, client_ref, state, lp_expires_at, deadline, quota_asset, quota_units, created_at,
  updated_at)
SELECT $1, $2, $11, $12, $13, $14, $15, $16, 'sending', $17, $18, n.asset, n.units, $7, $7
FROM refused LEFT JOIN needed n ON true
WHERE (SELECT count(*) FROM needed) = (SELECT count(*) FROM drawn)
RETURNING 1
"""

# $1 tenant, $2 order, $3 lease token, $4 attempt, $5 version before, $6 version after, $7 now,
# $8 outcome flag, $9 attempt state, $10 LP execution, $11 evidence, $12 resolved by, $13 looks,
# $14 look again in, $15 to $21 what is announced, or NULL
KEEP_OPEN = f"""
WITH fenced AS (
  UPDATE intents
  SET attempts = 0, last_error = NULL,
    lease_until = CASE WHEN $14::interval IS NULL THEN lease_until END,
    next_action_at = CASE WHEN $14::interval IS NULL THEN next_action_at
                          ELSE clock_timestamp() + $14::interval END
  WHERE tenant_id = $1 AND kind = 'settle_execution' AND subject = $2 AND lease_token = $3
    AND lease_until IS NOT NULL
  RETURNING 1),
kept AS (
  UPDATE orders o SET outcome = $8, version = $6, updated_at = $7
  FROM fenced
  WHERE o.tenant_id = $1 AND o.id = $2 AND o.status = 'pending' AND o.version = $5
  RETURNING 1),
announced AS (
  INSERT INTO outbox (tenant_id, {ANNOUNCED})
  SELECT $1, $15, $16, $17, $18, $19, $20, $21 FROM kept WHERE $15::uuid IS NOT NULL)
UPDATE lp_attempts a
SET state = $9, lp_execution_id = coalesce($10, a.lp_execution_id),
  evidence = coalesce($11, a.evidence), resolved_by = coalesce($12, a.resolved_by),
  lookups = $13, version = a.version + 1, updated_at = $7
FROM kept
WHERE a.tenant_id = $1 AND a.order_id = $2 AND a.attempt = $4
  AND a.state IN ('sending', 'pending', 'unknown')
RETURNING 1
"""
