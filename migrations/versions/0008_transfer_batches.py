"""Transfers that come together, and the answer that each one's key was given."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, ops_reads, tenant_table

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A key has one answer that decides, for ever. Other rows of the key repeat it in a later batch, or
# say that the key was not free.
TABLES = """
CREATE TABLE aksum.transfer_batches (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  atomic boolean NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE aksum.transfer_batch_items (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  position integer NOT NULL CHECK (position BETWEEN 0 AND 999),
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
  transfer_id uuid,
  code text CHECK (length(code) BETWEEN 1 AND 64),
  detail text CHECK (length(detail) BETWEEN 1 AND 300),
  replayed boolean NOT NULL,
  decides boolean NOT NULL,
  PRIMARY KEY (tenant_id, batch_id, position),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES aksum.transfer_batches,
  FOREIGN KEY (tenant_id, transfer_id) REFERENCES aksum.transfers,
  CHECK ((transfer_id IS NULL) <> (code IS NULL)),
  CHECK ((code IS NULL) = (detail IS NULL)),
  CHECK (NOT (replayed AND decides))
);
CREATE UNIQUE INDEX transfer_batch_items_decided
  ON aksum.transfer_batch_items (tenant_id, key) WHERE decides;
"""
NAMES = ("transfer_batches", "transfer_batch_items")


def upgrade() -> None:
    op.execute(TABLES)
    for table in NAMES:
        append_only(table)
        tenant_table(table, grants="SELECT, INSERT")
        ops_reads(table)


def downgrade() -> None:
    op.execute("DROP TABLE aksum.transfer_batch_items, aksum.transfer_batches")
