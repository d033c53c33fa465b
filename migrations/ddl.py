"""Statements that every tenant table shares, so that no table can forget one of them.

Revisions call these functions; a change of meaning here needs a new function, not an edit, because
old revisions must keep producing what they produced.
"""

from collections.abc import Sequence
from typing import Final

from alembic import op

SCHEMA: Final = "aksum"
RUNTIME_ROLES: Final = ("aksum_api", "aksum_worker", "aksum_ops")

# The sub-select makes the setting an InitPlan: evaluated once per statement, and never baked into
# a cached plan. An unset or emptied setting becomes NULL, which matches no row.
CURRENT_TENANT: Final = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"


def tenant_table(table: str, *, grants: str) -> None:
    """Force Row-Level Security on `table`, one tenant at a time, and grant the runtime roles.

    `grants` is the privilege list of all runtime roles, e.g. ``"SELECT, INSERT"``.
    """
    op.execute(f"ALTER TABLE {SCHEMA}.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {SCHEMA}.{table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant_isolation ON {SCHEMA}.{table} FOR ALL "
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )
    op.execute(f"GRANT {grants} ON {SCHEMA}.{table} TO {', '.join(RUNTIME_ROLES)}")


def may(table: str, privileges: str, *, roles: Sequence[str]) -> None:
    """Grant to some of the runtime roles, by columns where they write no others.

    `privileges` is e.g. ``"INSERT"`` or ``"UPDATE (state, version)"``. A new table is read by all
    (`tenant_table` with ``"SELECT"``) and written by those alone whose use cases write it.
    """
    op.execute(f"GRANT {privileges} ON {SCHEMA}.{table} TO {', '.join(roles)}")


def ops_reads(table: str) -> None:
    """Let operators' processes read `table` across tenants (audits, verification, listings)."""
    op.execute(
        f"CREATE POLICY operators_read ON {SCHEMA}.{table} FOR SELECT TO aksum_ops USING (true)"
    )


def append_only(table: str) -> None:
    """Refuse update, delete and truncate on `table`, whoever asks and however they replicate.

    Row triggers on a partitioned table are cloned to its partitions; the truncate trigger is a
    statement trigger and is added to each partition by `make_partitions`.
    """
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {SCHEMA}.{table} "
        f"FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {SCHEMA}.{table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()"
    )
    op.execute(f"ALTER TABLE {SCHEMA}.{table} ENABLE ALWAYS TRIGGER append_only")
    op.execute(f"ALTER TABLE {SCHEMA}.{table} ENABLE ALWAYS TRIGGER append_only_truncate")


def monthly(table: str, *, months_ahead: int) -> None:
    """Register `table` (partitioned by range over a UUIDv7) and make its first partitions."""
    op.execute(f"INSERT INTO {SCHEMA}.partitioned_tables (name) VALUES ('{table}')")
    op.execute(f"SELECT {SCHEMA}.make_partitions('{table}', current_date, {months_ahead})")
