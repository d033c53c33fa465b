"""Which providers an instrument is asked of, by version, with who decided it."""

from collections.abc import Sequence

from alembic import op

from migrations.ddl import append_only, may

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# No lps: the order for all providers holds again. Providers are never unlisted, so that their names
# need no key that refers to them; and a row is the whole of a route, so that nobody ever reads half
# of a change.
ROUTES = """
CREATE TABLE aksum.lp_routes (
  instrument text NOT NULL REFERENCES aksum.instruments,
  version bigint NOT NULL CHECK (version > 0),
  lps text[] NOT NULL CHECK (cardinality(lps) <= 20 AND array_position(lps, NULL) IS NULL),
  mode text NOT NULL CHECK (mode IN ('ordered', 'best_of')),
  at_once smallint CHECK (at_once BETWEEN 2 AND 4),
  hedge_after_ms integer CHECK (hedge_after_ms BETWEEN 10 AND 10000),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  changed_by uuid NOT NULL,
  changed_by_name text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (instrument, version),
  CONSTRAINT lp_routes_whole CHECK ((cardinality(lps) = 0) = (at_once IS NULL))
);
GRANT SELECT ON aksum.lp_routes TO aksum_api, aksum_worker, aksum_ops;
"""
COLUMNS = (
    "instrument, version, lps, mode, at_once, hedge_after_ms, reason, changed_by, changed_by_name"
)


def upgrade() -> None:
    op.execute(ROUTES)
    may("lp_routes", f"INSERT ({COLUMNS})", roles=("aksum_ops",))
    append_only("lp_routes")


def downgrade() -> None:
    op.execute("DROP TABLE aksum.lp_routes")
