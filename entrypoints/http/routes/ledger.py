from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from application.ports.ledger import AccountView
from application.ports.ledger_history import Moment
from application.ports.unit_of_work import Transaction
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, CustomerId, IdPrefix, TransactionId, decode_id
from domain.tenants.permissions import Scope
from entrypoints.http.moments import MomentQuery
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.paging import Paging
from entrypoints.http.reply import Reply, answer
from entrypoints.http.schemas.ledger import (
    AccountBody,
    AccountsQuery,
    EntriesQuery,
    EntryBody,
    TransactionBody,
    TransactionsQuery,
    account_body,
    entry_body,
    transaction_body,
)
from entrypoints.http.schemas.values import Page, whole


@operation(
    "GET",
    "/v1/accounts",
    summary="List a customer's accounts",
    scope=Scope.READ,
    takes=AccountsQuery,
    answers={200: Page[AccountBody]},
    refusals=("not_found",),
)
async def list_accounts(call: Call[AccountsQuery]) -> Reply:
    customer_id = CustomerId(decode_id(IdPrefix.CUSTOMER, call.input.customer_id))
    moment = call.input.moment(call.services.clock.now())
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        # No accounts and no customer are two different answers.
        await tx.customers.get(customer_id)
        views = await tx.accounts.of_customer(customer_id)
        then = await _posted(tx, views, moment)
    return answer(whole([account_body(view, catalog, then=then) for view in views]))


@operation(
    "GET",
    "/v1/accounts/{account_id}",
    summary="Get an account with its balance",
    scope=Scope.READ,
    takes=MomentQuery,
    answers={200: AccountBody},
    item=IdPrefix.ACCOUNT,
)
async def get_account(call: Call[MomentQuery]) -> Reply:
    moment = call.input.moment(call.services.clock.now())
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        view = await tx.accounts.get(AccountId(call.item_id))
        then = await _posted(tx, [view], moment)
    return answer(account_body(view, catalog, then=then))


async def _posted(
    tx: Transaction, views: Sequence[AccountView], moment: Moment | None
) -> Mapping[AccountId, int] | None:
    if moment is None:
        return None
    return await tx.history.posted([view.account.id for view in views], moment)


@operation(
    "GET",
    "/v1/accounts/{account_id}/entries",
    summary="List an account's entries with the running balance, newest first",
    scope=Scope.READ,
    takes=EntriesQuery,
    answers={200: Page[EntryBody]},
    item=IdPrefix.ACCOUNT,
)
async def list_entries(call: Call[EntriesQuery]) -> Reply:
    account_id = AccountId(call.item_id)
    paging = Paging(f"entries {account_id}", call.tenant_id, call.input)
    wanted = call.input.range(call.services.clock.now(), before=_last_shown(paging))
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        view = await tx.accounts.get(account_id)
        if not view.account.strict:
            raise NotFound("accounts that every customer shares have no statement")
        lines = await tx.history.statement(account_id, wanted, limit=paging.rows)
    return answer(
        paging.page(
            lines,
            # An account has one entry in a transaction, so that says where a page ended.
            position=lambda line: line.entry.transaction_id.int,
            show=lambda line: entry_body(line.entry, catalog),
        )
    )


def _last_shown(paging: Paging) -> TransactionId | None:
    return None if paging.position is None else TransactionId(UUID(int=paging.position))


@operation(
    "GET",
    "/v1/transactions/{transaction_id}",
    summary="Get a journal transaction with its entries",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: TransactionBody},
    item=IdPrefix.TRANSACTION,
)
async def get_transaction(call: Call[Nothing]) -> Reply:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        posted = await tx.journal.transaction(TransactionId(call.item_id))
    return answer(transaction_body(posted, catalog))


@operation(
    "GET",
    "/v1/transactions",
    summary="List what was posted about one business object, oldest first",
    scope=Scope.READ,
    takes=TransactionsQuery,
    answers={200: Page[TransactionBody]},
)
async def list_transactions(call: Call[TransactionsQuery]) -> Reply:
    paging = Paging("transactions", call.tenant_id, call.input)
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        found = await tx.journal.of_reference(
            call.input.reference, after=_last_shown(paging), limit=paging.rows
        )
    return answer(
        paging.page(
            found,
            position=lambda posted: posted.transaction.id.int,
            show=lambda posted: transaction_body(posted, catalog),
        )
    )


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    list_accounts,
    get_account,
    list_entries,
    list_transactions,
    get_transaction,
)
