"""PostgreSQL: the embedded server, roles and migrations, tables, unit of work, repositories."""
