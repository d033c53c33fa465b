"""Statements of sources, their lines, what they match, and the breaks that are left."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, ops_reads, tenant_table

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Units are positive where what lies with the source grows.
STATEMENTS = """
CREATE TABLE aksum.recon_sources (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  kind text NOT NULL CHECK (kind IN ('lp_executions', 'custody', 'rail', 'csv')),
  account_code text NOT NULL,
  account_owner text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name),
  CONSTRAINT recon_sources_account_key UNIQUE (tenant_id, account_code, account_owner)
);

CREATE TABLE aksum.recon_statements (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  source text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL CHECK (until > since),
  list_from timestamptz NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source) REFERENCES aksum.recon_sources,
  CONSTRAINT recon_statements_digest_key UNIQUE (tenant_id, source, digest),
  CONSTRAINT recon_statements_until_key UNIQUE (tenant_id, source, until)
);

CREATE TABLE aksum.recon_positions (
  tenant_id uuid NOT NULL,
  statement_id uuid NOT NULL,
  asset text NOT NULL REFERENCES aksum.assets,
  opening numeric(38,0) NOT NULL,
  lines numeric(38,0) NOT NULL,
  other numeric(38,0) NOT NULL,
  closing numeric(38,0) NOT NULL,
  reported boolean NOT NULL,
  pending numeric(38,0) NOT NULL,
  opening_pending numeric(38,0) NOT NULL,
  ledger numeric(38,0) NOT NULL,
  breaks numeric(38,0) NOT NULL,
  PRIMARY KEY (tenant_id, statement_id, asset),
  FOREIGN KEY (tenant_id, statement_id) REFERENCES aksum.recon_statements,
  CHECK (reported OR closing = opening - opening_pending + lines + other)
);

-- `occurrence` tells lines of one name apart: the second one is a duplicate, not an error.
CREATE TABLE aksum.recon_lines (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  statement_id uuid NOT NULL,
  source text NOT NULL,
  ref text NOT NULL CHECK (length(ref) BETWEEN 1 AND 128),
  other_ref text,
  batch_ref text,
  asset text NOT NULL REFERENCES aksum.assets,
  units numeric(38,0) NOT NULL CHECK (units <> 0),
  value_on date NOT NULL,
  occurrence integer NOT NULL CHECK (occurrence >= 0),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, statement_id) REFERENCES aksum.recon_statements,
  CONSTRAINT recon_lines_ref_key UNIQUE (tenant_id, source, ref, asset, occurrence)
);
"""

# One row for each line and each entry that takes part. A line, and an entry, takes part once.
MATCHES = """
CREATE TABLE aksum.recon_matches (
  tenant_id uuid NOT NULL,
  match_id uuid NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  rule text NOT NULL CHECK (rule IN ('reference', 'reference_and_amount', 'amount_in_window',
    'batch', 'other_source', 'manual', 'adjustment', 'write_off', 'balance')),
  source text NOT NULL,
  statement_id uuid,
  asset text NOT NULL,
  line_id uuid,
  account_id uuid,
  transaction_id uuid,
  units numeric(38,0) NOT NULL CHECK (units <> 0),
  made_by text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, match_id, position),
  FOREIGN KEY (tenant_id, source) REFERENCES aksum.recon_sources,
  FOREIGN KEY (tenant_id, statement_id) REFERENCES aksum.recon_statements,
  FOREIGN KEY (tenant_id, line_id) REFERENCES aksum.recon_lines,
  CHECK (num_nonnulls(account_id, transaction_id) = CASE WHEN line_id IS NULL THEN 2 ELSE 0 END)
);
CREATE UNIQUE INDEX recon_matches_line_key ON aksum.recon_matches (tenant_id, line_id)
  WHERE line_id IS NOT NULL;
CREATE UNIQUE INDEX recon_matches_item_key
  ON aksum.recon_matches (tenant_id, account_id, transaction_id) WHERE line_id IS NULL;

-- The domain cannot build a match whose sides differ; this asserts it once more. Entries that
-- another list shows, and those that put a balance right, have no line to be equal to.
CREATE FUNCTION aksum.require_equal_sides() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM arrived GROUP BY tenant_id, match_id HAVING count(DISTINCT asset) > 1
      OR bool_and(rule NOT IN ('other_source', 'balance'))
        AND sum(CASE WHEN line_id IS NULL THEN -units ELSE units END) <> 0) THEN
    RAISE EXCEPTION 'lines and entries of a match differ'
      USING ERRCODE = '23514', CONSTRAINT = 'recon_matches_equal_sides';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER equal_sides AFTER INSERT ON aksum.recon_matches
  REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION aksum.require_equal_sides();
ALTER TABLE aksum.recon_matches ENABLE ALWAYS TRIGGER equal_sides;
"""

# A break is about a line, an entry (kept as it was booked), both, or a balance: then neither.
BREAKS = """
CREATE TABLE aksum.recon_breaks (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  source text NOT NULL,
  type text NOT NULL CHECK (type IN ('missing_internal', 'missing_external', 'amount',
    'duplicate', 'timing', 'fee', 'fx_rounding', 'reversed')),
  asset text NOT NULL REFERENCES aksum.assets,
  units numeric(38,0) NOT NULL,
  line_id uuid,
  account_id uuid,
  transaction_id uuid,
  item_units numeric(38,0),
  item_refs text[],
  item_batch_ref text,
  booked_at timestamptz,
  refs text[] NOT NULL,
  detail text NOT NULL,
  value_on date NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'proposed', 'closed')),
  owner text,
  proposed_by text,
  proposed_at timestamptz,
  proposed_reason text,
  approved_by text,
  approved_at timestamptz,
  resolution text CHECK (resolution IN ('match', 'adjustment', 'write_off')),
  resolved_by text,
  match_id uuid,
  resolution_transaction uuid,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source) REFERENCES aksum.recon_sources,
  FOREIGN KEY (tenant_id, line_id) REFERENCES aksum.recon_lines,
  CHECK (num_nonnulls(account_id, transaction_id, item_units, item_refs, booked_at) IN (0, 5)),
  CHECK (num_nonnulls(proposed_by, proposed_at, proposed_reason) IN (0, 3)),
  CHECK (num_nonnulls(approved_by, approved_at) IN (0, 2)),
  CHECK ((state = 'closed') = (resolution IS NOT NULL)),
  CHECK (state <> 'proposed' OR proposed_by IS NOT NULL),
  CONSTRAINT recon_breaks_two_operators CHECK (
    (resolution IS NOT DISTINCT FROM 'write_off') = (approved_by IS NOT NULL)
    AND (approved_by IS NULL OR (proposed_by IS NOT NULL AND approved_by <> proposed_by))),
  CONSTRAINT recon_breaks_posting CHECK (
    (coalesce(resolution, 'match') = 'match') = (resolution_transaction IS NULL)),
  -- Only a difference of balances ends by itself, when they agree again.
  CONSTRAINT recon_breaks_match CHECK (match_id IS NOT NULL OR resolution IS NULL
    OR (resolution = 'match' AND line_id IS NULL AND transaction_id IS NULL))
) WITH (fillfactor = 80);
-- What was once in a break was either matched out of it or has gone for good.
CREATE UNIQUE INDEX recon_breaks_line_key ON aksum.recon_breaks (tenant_id, line_id)
  WHERE line_id IS NOT NULL AND state <> 'closed';
CREATE UNIQUE INDEX recon_breaks_item_key
  ON aksum.recon_breaks (tenant_id, account_id, transaction_id)
  WHERE transaction_id IS NOT NULL AND state <> 'closed';
CREATE UNIQUE INDEX recon_breaks_balance_key ON aksum.recon_breaks (tenant_id, source, asset)
  WHERE line_id IS NULL AND transaction_id IS NULL AND state <> 'closed';
CREATE INDEX recon_breaks_open ON aksum.recon_breaks (tenant_id, source, id)
  WHERE state <> 'closed';

-- A closed break is history: nobody opens it again, and nobody removes one.
CREATE FUNCTION aksum.refuse_change_of_closed_break() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a closed break does not change' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER closed_for_good BEFORE UPDATE ON aksum.recon_breaks
  FOR EACH ROW WHEN (OLD.state = 'closed')
  EXECUTE FUNCTION aksum.refuse_change_of_closed_break();
ALTER TABLE aksum.recon_breaks ENABLE ALWAYS TRIGGER closed_for_good;
"""

APPEND_ONLY = ("recon_statements", "recon_positions", "recon_lines", "recon_matches")
# A source's row is what runs lock, which takes the right to update it.
CHANGING = ("recon_sources", "recon_breaks")


def upgrade() -> None:
    for statements in (STATEMENTS, MATCHES, BREAKS):
        op.execute(statements)
    for table in APPEND_ONLY:
        append_only(table)
        tenant_table(table, grants="SELECT, INSERT")
        ops_reads(table)
    for table in CHANGING:
        tenant_table(table, grants="SELECT, INSERT, UPDATE")
        ops_reads(table)


def downgrade() -> None:
    op.execute("""
    DROP TABLE aksum.recon_breaks, aksum.recon_matches, aksum.recon_lines, aksum.recon_positions,
      aksum.recon_statements, aksum.recon_sources;
    DROP FUNCTION aksum.require_equal_sides();
    DROP FUNCTION aksum.refuse_change_of_closed_break();
    """)
