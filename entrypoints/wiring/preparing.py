"""How a database is prepared: roles, schema, the tables of the queue.

Apart from `database`, because it loads what migrates, which few processes need.
"""

from adapters.jobs.schema import make_queue_tables
from adapters.postgres.bootstrap import BootstrapRefused, bootstrap
from adapters.postgres.guard import ServerTooOld
from adapters.postgres.migrate import upgrade
from adapters.postgres.revision import head
from adapters.postgres.roles import ADMIN_URL_SETTING, RUNTIME_ROLES, Role
from adapters.postgres.urls import (
    DatabaseUrlInvalid,
    PostgresUrl,
    redacted,
    role_url,
    with_user,
)
from application import crash_points
from entrypoints.wiring.database import (
    UNREACHABLE,
    database_url,
    embedded_url,
    find_embedded,
    reason_of,
)
from entrypoints.wiring.errors import SettingInvalid, StartRefused
from entrypoints.wiring.settings import Settings


async def prepare_database(settings: Settings) -> str:
    """Bootstrap, migrate and make the queue's tables; the revision the database is at then.

    Raises `StartRefused`.
    """
    named = settings.database_urls.get(ADMIN_URL_SETTING)
    return await prepare(named or _embedded_admin(settings), settings)


def _embedded_admin(settings: Settings) -> str:
    database_url(settings, Role.MIGRATOR)  # for its refusal, where there is no server
    running = find_embedded(settings.postgres_dir)
    if running is None:
        raise StartRefused("PostgreSQL has just ended")
    return embedded_url(running)


async def prepare(admin_url: str, settings: Settings) -> str:
    """As above, with a URL in hand."""
    try:
        if PostgresUrl.parse(admin_url).user in RUNTIME_ROLES:
            admin_url = with_user(admin_url, Role.MIGRATOR)
        roles = {**settings.database_urls, ADMIN_URL_SETTING: admin_url}
        await bootstrap(admin_url, {role: role_url(roles, role) for role in RUNTIME_ROLES})
        await upgrade(admin_url)
        if crash_points.armed:
            await crash_points.reach(crash_points.MIGRATE_UPGRADED)
        await make_queue_tables(admin_url)
    except DatabaseUrlInvalid as error:
        raise SettingInvalid(ADMIN_URL_SETTING, str(error)) from None
    except (BootstrapRefused, ServerTooOld) as error:
        raise StartRefused(str(error)) from None
    except UNREACHABLE as error:
        raise StartRefused(f"cannot prepare {redacted(admin_url)}: {reason_of(error)}") from None
    return str(head())
