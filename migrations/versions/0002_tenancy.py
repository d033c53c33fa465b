"""Tenants, their keys and customers, and the record of idempotent requests."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import CURRENT_TENANT, ops_reads, tenant_table

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = """
CREATE TABLE aksum.tenants (
  tenant_id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  kind text NOT NULL CHECK (kind IN ('partner', 'house')),
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  platform_spread_ppm integer NOT NULL CHECK (platform_spread_ppm BETWEEN 0 AND 500000),
  tenant_spread_ppm integer NOT NULL CHECK (tenant_spread_ppm BETWEEN 0 AND 500000),
  fee_ppm integer NOT NULL CHECK (fee_ppm BETWEEN 0 AND 500000),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE aksum.api_keys (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  lookup text NOT NULL,
  secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 16),
  label text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
  status text NOT NULL CHECK (status IN ('active', 'revoked')),
  expires_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, lookup)
);

CREATE TABLE aksum.customers (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  id uuid NOT NULL,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 64),
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  metadata jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT customers_external_id_key UNIQUE (tenant_id, external_id)
);

CREATE TABLE aksum.idempotency_keys (
  tenant_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
  resource text NOT NULL,
  resource_id uuid,
  refusal jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key),
  CHECK ((resource_id IS NULL) <> (refusal IS NULL))
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    tenant_table("tenants", grants="SELECT, INSERT, UPDATE")
    # Operators are users of the house tenant; the house may read the list of its partners.
    op.execute(
        "CREATE POLICY house_reads_partners ON aksum.tenants FOR SELECT USING "
        f"({CURRENT_TENANT} = '00000000-0000-7000-8000-000000000001'::uuid)"
    )
    op.execute(
        "CREATE POLICY workers_read_tenants ON aksum.tenants FOR SELECT TO aksum_worker "
        "USING (true)"
    )
    tenant_table("api_keys", grants="SELECT, INSERT, UPDATE")
    tenant_table("customers", grants="SELECT, INSERT, UPDATE")
    tenant_table("idempotency_keys", grants="SELECT, INSERT")
    for table in ("tenants", "api_keys", "customers", "idempotency_keys"):
        ops_reads(table)


def downgrade() -> None:
    op.execute("DROP TABLE aksum.idempotency_keys, aksum.customers, aksum.api_keys, aksum.tenants")
