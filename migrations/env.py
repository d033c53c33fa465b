"""Alembic's entry. adapters/postgres/migrate.py opens the connection, as the schema's owner."""

from alembic import context
from sqlalchemy import Connection, text

from adapters.postgres.revision import VERSION_TABLE
from adapters.postgres.roles import RUNTIME_ROLES, SCHEMA
from application import crash_points


def revision_made(*_: object, **_applied: object) -> None:
    """Alembic's `on_version_apply`: within the transaction of the revision."""
    if crash_points.armed:
        crash_points.reach_in_thread(crash_points.MIGRATE_REVISION)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        version_table=VERSION_TABLE,
        version_table_schema=SCHEMA,
        transaction_per_migration=True,
        on_version_apply=revision_made,
    )
    with context.begin_transaction():
        context.run_migrations()
    # Every process compares this table with its own head before it reports ready.
    connection.execute(
        text(f"GRANT SELECT ON {SCHEMA}.{VERSION_TABLE} TO {', '.join(RUNTIME_ROLES)}")
    )
    connection.commit()


opened = context.config.attributes.get("connection")
if not isinstance(opened, Connection):
    raise SystemExit("migrations run through 'aksum migrate', which knows the database")
run(opened)
