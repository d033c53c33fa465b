import asyncio

import click

from entrypoints.cli.output import json_option, print_object
from entrypoints.wiring.crash import arm
from entrypoints.wiring.preparing import prepare_database
from entrypoints.wiring.settings import read_settings


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Make the database, its roles and schema, and upgrade it to this code. Safe to repeat.

    AKSUM_DATABASE_URL names the database. The first time it must log in as a superuser, or with
    CREATEROLE and CREATEDB; afterwards as aksum_migrator. Passwords of the roles are those in
    AKSUM_API_DATABASE_URL, AKSUM_WORKER_DATABASE_URL and AKSUM_OPS_DATABASE_URL.
    """
    settings = read_settings()
    arm(settings.crash_point)
    revision = asyncio.run(prepare_database(settings))
    print_object({"revision": revision, "status": "up to date"}, as_json=as_json)
