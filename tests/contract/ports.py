"""The ports that one store satisfies together, as a contract needs them."""

from collections.abc import Callable

import msgspec

from application.ports.catalog import CatalogEditor, Platform
from application.ports.clock import Clock
from application.ports.export import LedgerExport
from application.ports.intents import DueWork
from application.ports.ledger import Ledger
from application.ports.ledger_clock import LedgerClock
from application.ports.lp_desk import LpDesk
from application.ports.lp_routes import LpRoutes
from application.ports.parties import AccessDirectory
from application.ports.price_terms import PriceTermsBook
from application.ports.schedules import Schedules
from application.ports.standing import Standings
from application.ports.unit_of_work import UnitOfWork
from application.ports.verification import LedgerAudit
from application.ports.webhook_deliveries import DueWebhooks
from application.ports.work_list import WorkList


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """`clock` tells the store's own time, roughly. Contracts never wait for it to pass.

    `new_standings` is as another process has them; what is known of LPs is judged by
    `lp_clock`, which can be moved.

    `worker_uow` and `ops_uow` have the rights of workers and operators, where there are roles.
    """

    uow: UnitOfWork
    worker_uow: UnitOfWork
    ops_uow: UnitOfWork
    due_work: DueWork
    schedules: Schedules
    price_terms: PriceTermsBook
    work_list: WorkList
    access_directory: AccessDirectory
    platform: Platform
    new_standings: Callable[[], Standings]
    lp_clock: Clock
    lp_desk: LpDesk
    lp_routes: LpRoutes
    catalog_editor: CatalogEditor
    ledger: Ledger
    ledger_audit: LedgerAudit
    ledger_clock: LedgerClock
    ledger_export: LedgerExport
    due_webhooks: DueWebhooks
    clock: Clock
