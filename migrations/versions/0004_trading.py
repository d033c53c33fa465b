"""Quotes, orders, attempts at liquidity providers, fills; deposits and transfers; intents."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, monthly, ops_reads, tenant_table

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MONTHS_AHEAD = 24

TRADING = """
CREATE TABLE aksum.quotes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  instrument text NOT NULL,
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  fixed text NOT NULL CHECK (fixed IN ('base', 'quote')),
  base_units numeric(38,0) NOT NULL CHECK (base_units > 0),
  quote_units numeric(38,0) NOT NULL CHECK (quote_units > 0),
  price text NOT NULL,
  fee_units numeric(38,0) NOT NULL CHECK (fee_units >= 0),
  breakdown jsonb NOT NULL,
  lp text NOT NULL,
  lp_quote_id text NOT NULL,
  lp_base_units numeric(38,0) NOT NULL CHECK (lp_base_units > 0),
  lp_quote_units numeric(38,0) NOT NULL CHECK (lp_quote_units > 0),
  lp_expires_at timestamptz NOT NULL,
  pay_account_id uuid NOT NULL,
  receive_account_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'accepted', 'expired')),
  order_id uuid,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'accepted') = (order_id IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX quotes_open ON aksum.quotes (expires_at) WHERE status = 'open';

CREATE TABLE aksum.orders (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  type text NOT NULL CHECK (type IN ('rfq', 'limit', 'market')),
  status text NOT NULL CHECK (status IN
    ('pending', 'open', 'partially_filled', 'filled', 'rejected', 'canceled', 'expired')),
  outcome text CHECK (outcome IN ('unknown')),
  quote_id uuid,
  client_order_id text,
  customer_id uuid NOT NULL,
  instrument text NOT NULL,
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  base_units numeric(38,0) NOT NULL CHECK (base_units > 0),
  quote_units numeric(38,0) NOT NULL CHECK (quote_units > 0),
  price text NOT NULL,
  fee_units numeric(38,0) NOT NULL CHECK (fee_units >= 0),
  reject_reason text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (outcome IS NULL OR status = 'pending'),
  CHECK ((status = 'rejected') = (reject_reason IS NOT NULL))
);
CREATE INDEX orders_customer ON aksum.orders (tenant_id, customer_id, id);
CREATE INDEX orders_pending ON aksum.orders (tenant_id, id) WHERE status = 'pending';

-- Unique for ever, so it cannot live in a table that is partitioned by time.
CREATE TABLE aksum.client_order_ids (
  tenant_id uuid NOT NULL,
  client_order_id text NOT NULL CHECK (length(client_order_id) BETWEEN 1 AND 64),
  order_id uuid NOT NULL,
  CONSTRAINT client_order_ids_key PRIMARY KEY (tenant_id, client_order_id)
);

CREATE TABLE aksum.lp_attempts (
  tenant_id uuid NOT NULL,
  order_id uuid NOT NULL,
  attempt smallint NOT NULL CHECK (attempt >= 1),
  lp text NOT NULL,
  lp_quote_id text NOT NULL,
  client_ref text NOT NULL,
  state text NOT NULL CHECK (state IN ('sending', 'pending', 'unknown', 'filled', 'rejected')),
  lp_expires_at timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  lp_execution_id text,
  reported_base_units numeric(38,0),
  reported_quote_units numeric(38,0),
  lookups integer NOT NULL DEFAULT 0,
  evidence jsonb,
  resolved_by text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, order_id, attempt)
);
CREATE INDEX lp_attempts_open ON aksum.lp_attempts (tenant_id, order_id)
  WHERE state IN ('sending', 'pending', 'unknown');

CREATE TABLE aksum.fills (
  tenant_id uuid NOT NULL,
  order_id uuid NOT NULL,
  id uuid NOT NULL,
  price text NOT NULL,
  base_units numeric(38,0) NOT NULL CHECK (base_units > 0),
  quote_units numeric(38,0) NOT NULL CHECK (quote_units > 0),
  fee_units numeric(38,0) NOT NULL CHECK (fee_units >= 0),
  fee_asset text NOT NULL,
  source text NOT NULL CHECK (source IN ('lp', 'book')),
  source_ref text NOT NULL,
  transaction_id uuid NOT NULL,
  executed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, order_id, id)
) PARTITION BY RANGE (order_id);
"""

MOVEMENTS = """
CREATE TABLE aksum.deposits (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  asset text NOT NULL REFERENCES aksum.assets,
  units numeric(38,0) NOT NULL CHECK (units > 0),
  method text NOT NULL CHECK (method IN ('sandbox')),
  status text NOT NULL CHECK (status IN ('confirmed')),
  transaction_id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES aksum.customers
);

CREATE TABLE aksum.transfers (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  from_customer_id uuid NOT NULL,
  to_customer_id uuid NOT NULL,
  asset text NOT NULL REFERENCES aksum.assets,
  units numeric(38,0) NOT NULL CHECK (units > 0),
  reference text CHECK (length(reference) <= 140),
  status text NOT NULL CHECK (status IN ('completed')),
  transaction_id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, from_customer_id) REFERENCES aksum.customers,
  FOREIGN KEY (tenant_id, to_customer_id) REFERENCES aksum.customers,
  CHECK (from_customer_id <> to_customer_id)
);
"""

# What is still to be done, and by whom just now. A row is deleted when its work is done; parked
# rows stay for a person. Leases are judged by the database's clock and fenced by their token.
INTENTS = """
CREATE TABLE aksum.intents (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
  subject uuid NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'parked')),
  payload jsonb,
  lease_token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  next_action_at timestamptz NOT NULL,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, kind, subject)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX intents_due ON aksum.intents (kind, next_action_at) WHERE state = 'due';
"""

PARTITIONED = ("quotes", "fills")
GRANTS = {
    ("quotes", "orders", "lp_attempts"): "SELECT, INSERT, UPDATE",
    ("fills", "client_order_ids", "deposits", "transfers"): "SELECT, INSERT",
    ("intents",): "SELECT, INSERT, UPDATE, DELETE",
}


def upgrade() -> None:
    op.execute(TRADING)
    op.execute(MOVEMENTS)
    op.execute(INTENTS)
    append_only("fills")
    for table in PARTITIONED:
        monthly(table, months_ahead=MONTHS_AHEAD)
    for tables, grants in GRANTS.items():
        for table in tables:
            tenant_table(table, grants=grants)
            ops_reads(table)
    op.execute(
        "CREATE POLICY workers_find_due ON aksum.intents FOR SELECT TO aksum_worker "
        "USING (state = 'due' AND next_action_at <= now())"
    )
    op.execute(
        "CREATE POLICY workers_find_expired ON aksum.quotes FOR SELECT TO aksum_worker "
        "USING (status = 'open' AND expires_at <= now())"
    )


def downgrade() -> None:
    op.execute("""
    DROP TABLE aksum.intents, aksum.transfers, aksum.deposits, aksum.fills, aksum.lp_attempts,
      aksum.client_order_ids, aksum.orders, aksum.quotes;
    DELETE FROM aksum.partitioned_tables
      WHERE name IN ('quotes', 'fills');
    """)
