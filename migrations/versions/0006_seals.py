"""Seals over the journal: signed blocks, each naming the hash of the one before."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, ops_reads, tenant_table

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# One number, one block: two chains cannot stand beside each other. `leaves` is 48 bytes for each
# transaction of the block, its id and the hash of its leaf, so that what disagrees can be named and
# a proof costs no reading of the block. It is not signed: the root over it is.
TABLE = """
CREATE TABLE aksum.ledger_seals (
  tenant_id uuid NOT NULL REFERENCES aksum.tenants,
  block_no bigint NOT NULL CHECK (block_no > 0),
  epoch integer NOT NULL CHECK (epoch > 0),
  format smallint NOT NULL CHECK (format > 0),
  booked_from timestamptz NOT NULL,
  booked_to timestamptz NOT NULL,
  transactions bigint NOT NULL CHECK (transactions >= 0),
  entries bigint NOT NULL CHECK (entries >= 0),
  merkle_root bytea NOT NULL CHECK (length(merkle_root) = 32),
  previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
  reason text CHECK (length(reason) BETWEEN 1 AND 500),
  sealed_at timestamptz NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  signature bytea NOT NULL CHECK (length(signature) = 64),
  key_id text NOT NULL CHECK (key_id ~ '^[0-9a-f]{16}$'),
  leaves bytea NOT NULL CHECK (length(leaves) = 48 * transactions),
  PRIMARY KEY (tenant_id, block_no),
  CONSTRAINT ledger_seals_whole CHECK (
    CASE WHEN reason IS NULL THEN transactions > 0 AND booked_from < booked_to
         ELSE transactions = 0 AND entries = 0 AND booked_from = booked_to END)
);
-- Hashes do not compress.
ALTER TABLE aksum.ledger_seals ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX ledger_seals_booked ON aksum.ledger_seals (tenant_id, booked_to);
"""


def upgrade() -> None:
    op.execute(TABLE)
    append_only("ledger_seals")
    tenant_table("ledger_seals", grants="SELECT")
    op.execute("GRANT INSERT ON aksum.ledger_seals TO aksum_worker")
    ops_reads("ledger_seals")


def downgrade() -> None:
    op.execute("DROP TABLE aksum.ledger_seals")
