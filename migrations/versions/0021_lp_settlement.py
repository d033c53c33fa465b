"""What may be taken from each provider, by tenant; and what is settled with it afterwards."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from alembic import op

from migrations.ddl import RUNTIME_ROLES, append_only, may, ops_reads, tenant_table

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

API, WORKER, OPS = RUNTIME_ROLES
SERVES, SETTLES, WORKS, DECIDES = (API, OPS), (API, WORKER, OPS), (WORKER,), (OPS,)

# Of no tenant. Where there is a row, the provider's capacity for the asset is watched, and without
# a quota nobody takes of it; where there is none, it is not.
SHARED = """
CREATE TABLE aksum.lp_terms (
  lp text NOT NULL REFERENCES aksum.liquidity_providers,
  asset text NOT NULL REFERENCES aksum.assets,
  limit_units numeric(38,0) CHECK (limit_units >= 0),
  keep_units numeric(38,0) NOT NULL DEFAULT 0 CHECK (keep_units >= 0),
  refuse_at_ppm integer NOT NULL DEFAULT 1000000 CHECK (refuse_at_ppm BETWEEN 1 AND 1000000),
  low_water_units numeric(38,0) NOT NULL DEFAULT 0 CHECK (low_water_units >= 0),
  pays_first text NOT NULL DEFAULT 'them' CHECK (pays_first IN ('us', 'them', 'either')),
  slice_units numeric(38,0) CHECK (slice_units > 0),
  value_days smallint NOT NULL DEFAULT 1 CHECK (value_days BETWEEN 0 AND 30),
  set_reason text NOT NULL CHECK (length(set_reason) BETWEEN 1 AND 500),
  version bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lp, asset)
);

-- What a worker saw last: a sample, for quotes and for people. Acceptance asks the quotas.
CREATE TABLE aksum.lp_exposures (
  lp text NOT NULL,
  asset text NOT NULL,
  settlement text NOT NULL CHECK (settlement IN ('prefunded', 'post_trade')),
  balance_units numeric(38,0) NOT NULL,
  handed_out_units numeric(38,0) NOT NULL,
  reserved_units numeric(38,0) NOT NULL,
  used_units numeric(38,0) NOT NULL,
  available_units numeric(38,0) NOT NULL,
  sampled_at timestamptz NOT NULL,
  PRIMARY KEY (lp, asset),
  FOREIGN KEY (lp, asset) REFERENCES aksum.lp_terms ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE SEQUENCE aksum.lp_refills;
"""

QUOTAS = """
CREATE TABLE aksum.lp_quotas (
  tenant_id uuid NOT NULL,
  lp text NOT NULL,
  asset text NOT NULL,
  quota_units numeric(38,0) NOT NULL,
  reserved_units numeric(38,0) NOT NULL DEFAULT 0,
  used_units numeric(38,0) NOT NULL DEFAULT 0,
  drawn_units numeric(38,0) NOT NULL DEFAULT 0,
  fence bigint NOT NULL,
  PRIMARY KEY (tenant_id, lp, asset),
  CONSTRAINT lp_quotas_covered CHECK (reserved_units + used_units <= quota_units),
  CONSTRAINT lp_quotas_sound CHECK (reserved_units >= 0 AND used_units >= 0 AND drawn_units >= 0)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0.02);

-- What an attempt took of a quota, until its outcome is known: none where nothing is watched.
ALTER TABLE aksum.lp_attempts
  ADD COLUMN quota_asset text,
  ADD COLUMN quota_units numeric(38,0) CHECK (quota_units > 0),
  ADD CONSTRAINT lp_attempts_quota CHECK (num_nonnulls(quota_asset, quota_units) IN (0, 2));
"""

# Of the house. Periods of one provider and asset meet without a gap: each begins where the one
# before it ended, and so one is open at most.
SETTLEMENTS = """
CREATE TABLE aksum.lp_settlements (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  lp text NOT NULL,
  asset text NOT NULL REFERENCES aksum.assets,
  number integer NOT NULL CHECK (number >= 1),
  state text NOT NULL CHECK (state IN
    ('open', 'frozen', 'confirmed', 'paying', 'settled', 'disputed')),
  since timestamptz,
  until timestamptz,
  value_date date,
  net_units numeric(38,0),
  entries integer,
  stated_units numeric(38,0),
  stated_ref text CHECK (length(stated_ref) BETWEEN 1 AND 128),
  settled_units numeric(38,0) NOT NULL DEFAULT 0 CHECK (settled_units >= 0),
  proposed_units numeric(38,0) CHECK (proposed_units > 0),
  proposed_ref text CHECK (length(proposed_ref) BETWEEN 1 AND 128),
  proposed_by uuid,
  proposed_by_name text,
  reason text CHECK (length(reason) BETWEEN 1 AND 500),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT lp_settlements_number UNIQUE (tenant_id, lp, asset, number),
  CONSTRAINT lp_settlements_since UNIQUE NULLS NOT DISTINCT (tenant_id, lp, asset, since),
  CHECK ((state = 'open') = (until IS NULL)),
  CHECK (num_nonnulls(until, value_date, net_units, entries) IN (0, 4)),
  CHECK (since IS NULL OR until IS NULL OR since <= until),
  CHECK (num_nonnulls(stated_units, stated_ref) IN (0, 2)),
  CHECK (num_nonnulls(proposed_units, proposed_ref, proposed_by, proposed_by_name) IN (0, 4)),
  CONSTRAINT lp_settlements_agreed CHECK (
    state NOT IN ('confirmed', 'paying', 'settled') OR stated_units = net_units),
  CONSTRAINT lp_settlements_paid CHECK (
    settled_units <= abs(coalesce(net_units, 0))
    AND (state <> 'settled' OR settled_units = abs(net_units)))
);
CREATE UNIQUE INDEX lp_settlements_open ON aksum.lp_settlements (tenant_id, lp, asset)
  WHERE state = 'open';

CREATE TABLE aksum.lp_settlement_steps (
  tenant_id uuid NOT NULL,
  settlement_id uuid NOT NULL,
  version bigint NOT NULL,
  action text NOT NULL CHECK (length(action) BETWEEN 1 AND 40),
  state text NOT NULL,
  units numeric(38,0),
  made_by uuid,
  made_by_name text,
  note text CHECK (length(note) BETWEEN 1 AND 500),
  transaction_id uuid,
  made_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, settlement_id, version),
  FOREIGN KEY (tenant_id, settlement_id) REFERENCES aksum.lp_settlements
);

-- Nobody approves the payment that they proposed, whatever a use case has checked.
CREATE FUNCTION aksum.require_second_payer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM aksum.lp_settlement_steps p
      WHERE p.tenant_id = NEW.tenant_id AND p.settlement_id = NEW.settlement_id
        AND p.version = NEW.version - 1 AND p.made_by = NEW.made_by) THEN
    RAISE EXCEPTION 'whoever proposes a payment does not approve it'
      USING ERRCODE = '23514', CONSTRAINT = 'lp_settlement_steps_four_eyes';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER four_eyes BEFORE INSERT ON aksum.lp_settlement_steps
  FOR EACH ROW WHEN (NEW.action = 'pay') EXECUTE FUNCTION aksum.require_second_payer();
ALTER TABLE aksum.lp_settlement_steps ENABLE ALWAYS TRIGGER four_eyes;
"""

CHANGING = (
    "state, until, value_date, net_units, entries, stated_units, stated_ref, settled_units, "
    "proposed_units, proposed_ref, proposed_by, proposed_by_name, reason, version, updated_at"
)
TERMS = (
    "limit_units, keep_units, refuse_at_ppm, low_water_units, pays_first, slice_units, value_days, "
    "set_reason, version, updated_at"
)
SAMPLE = (
    "settlement, balance_units, handed_out_units, reserved_units, used_units, available_units, "
    "sampled_at"
)
WRITES: Final[Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]] = MappingProxyType(
    {
        "lp_terms": (
            (SETTLES, "SELECT"),
            (DECIDES, "INSERT"),
            (DECIDES, f"UPDATE ({TERMS})"),
            (DECIDES, "DELETE"),
        ),
        "lp_exposures": ((SETTLES, "SELECT"), (WORKS, "INSERT"), (WORKS, f"UPDATE ({SAMPLE})")),
        "lp_quotas": (
            (WORKS, "INSERT"),
            (SETTLES, "UPDATE (reserved_units, used_units, drawn_units)"),
            (WORKS, "UPDATE (quota_units, fence)"),
        ),
        "lp_settlements": (
            (SETTLES, "INSERT"),
            (SERVES, f"UPDATE ({CHANGING})"),
        ),
        "lp_settlement_steps": ((SETTLES, "INSERT"),),
    }
)


def upgrade() -> None:
    for statements in (SHARED, QUOTAS, SETTLEMENTS):
        op.execute(statements)
    append_only("lp_settlement_steps")
    for table in ("lp_quotas", "lp_settlements", "lp_settlement_steps"):
        tenant_table(table, grants="SELECT")
        ops_reads(table)
    for table, rights in WRITES.items():
        for roles, privileges in rights:
            may(table, privileges, roles=roles)
    op.execute("GRANT USAGE ON SEQUENCE aksum.lp_refills TO aksum_worker")


def downgrade() -> None:
    op.execute("""
    DROP TABLE aksum.lp_settlement_steps, aksum.lp_settlements, aksum.lp_quotas,
      aksum.lp_exposures, aksum.lp_terms;
    DROP SEQUENCE aksum.lp_refills;
    DROP FUNCTION aksum.require_second_payer();
    ALTER TABLE aksum.lp_attempts DROP COLUMN quota_units, DROP COLUMN quota_asset;
    """)
