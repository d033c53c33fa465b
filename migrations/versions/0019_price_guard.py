"""What prices are judged by: rate sheets and limits, each approved by a second operator."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import may

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of no tenant: every tenant's prices are judged alike. The newest applied row of an instrument and
# kind is in force, and its index finds it without the history before it.
TABLE = """
CREATE TABLE aksum.price_terms (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('rate_sheet', 'guard_limits')),
  instrument text NOT NULL REFERENCES aksum.instruments,
  terms jsonb NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'applied', 'rejected')),
  proposed_by uuid NOT NULL,
  proposed_by_name text NOT NULL CHECK (length(proposed_by_name) BETWEEN 1 AND 100),
  proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_by uuid,
  decided_by_name text CHECK (length(decided_by_name) BETWEEN 1 AND 100),
  decided_at timestamptz,
  CHECK ((state = 'proposed') = (decided_by IS NULL)),
  CHECK ((decided_by IS NULL) = (decided_by_name IS NULL)
    AND (decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT price_terms_four_eyes CHECK (state <> 'applied'
    OR (decided_by <> proposed_by AND lower(decided_by_name) <> lower(proposed_by_name)))
);
CREATE INDEX price_terms_in_force ON aksum.price_terms (instrument, kind, decided_at DESC, id DESC)
  WHERE state = 'applied';
GRANT SELECT ON aksum.price_terms TO aksum_api, aksum_worker, aksum_ops;
"""
# A proposal is decided once; what was decided stays as it was for whoever asks what a price was
# judged by. A new sheet is a new row.
FOR_GOOD = """
CREATE FUNCTION aksum.refuse_decided_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'price terms are decided once: % refused', TG_OP USING ERRCODE = '42501';
END $$;
CREATE TRIGGER decided_for_good BEFORE UPDATE ON aksum.price_terms
  FOR EACH ROW WHEN (OLD.state <> 'proposed' OR NEW.terms <> OLD.terms
    OR NEW.instrument <> OLD.instrument OR NEW.kind <> OLD.kind)
  EXECUTE FUNCTION aksum.refuse_decided_terms();
CREATE TRIGGER kept_for_good BEFORE DELETE ON aksum.price_terms
  FOR EACH ROW EXECUTE FUNCTION aksum.refuse_decided_terms();
CREATE TRIGGER kept_for_good_truncate BEFORE TRUNCATE ON aksum.price_terms
  FOR EACH STATEMENT EXECUTE FUNCTION aksum.refuse_decided_terms();
ALTER TABLE aksum.price_terms ENABLE ALWAYS TRIGGER decided_for_good;
ALTER TABLE aksum.price_terms ENABLE ALWAYS TRIGGER kept_for_good;
ALTER TABLE aksum.price_terms ENABLE ALWAYS TRIGGER kept_for_good_truncate;
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(FOR_GOOD)
    proposal = "id, kind, instrument, terms, reason, proposed_by, proposed_by_name"
    may("price_terms", f"INSERT ({proposal})", roles=("aksum_ops",))
    may(
        "price_terms",
        "UPDATE (state, decided_by, decided_by_name, decided_at)",
        roles=("aksum_ops",),
    )


def downgrade() -> None:
    op.execute("DROP TABLE aksum.price_terms; DROP FUNCTION aksum.refuse_decided_terms()")
