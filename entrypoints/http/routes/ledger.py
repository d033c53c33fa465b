from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from application.ports.ledger import AccountView
from application.ports.ledger_history import Moment
from application.ports.unit_of_work import Transaction
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
    OwnAccountsQuery,
    TransactionBody,
    TransactionsQuery,
    account_body,
    line_body,
    transaction_body,
)
from entrypoints.http.schemas.values import Page, whole

# Whoever asks sees the books of their own tenant, and operators are the house's: the same reading
# serves both, at two doors.
OF_PARTNERS: Final = "/v1/accounts"
OF_THE_HOUSE: Final = "/admin/v1/accounts"


@operation(
    "GET",
    OF_PARTNERS,
    summary="List a customer's accounts, or your own",
    scope=Scope.READ,
    takes=AccountsQuery,
    answers={200: Page[AccountBody]},
    refusals=("not_found",),
)
async def list_accounts(call: Call[AccountsQuery]) -> Reply:
    if call.input.customer_id is None:
        return await _own_accounts(call)
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
    OF_THE_HOUSE,
    summary="List the house's accounts",
    scope=Scope.OPERATOR,
    takes=OwnAccountsQuery,
    answers={200: Page[AccountBody]},
)
async def list_house_accounts(call: Call[OwnAccountsQuery]) -> Reply:
    return await _own_accounts(call)


async def _own_accounts(call: Call[AccountsQuery] | Call[OwnAccountsQuery]) -> Reply:
    paging = Paging("own accounts", call.tenant_id, call.input)
    moment = call.input.moment(call.services.clock.now())
    catalog = (await call.services.platform.view()).catalog
    after = None if paging.position is None else AccountId(UUID(int=paging.position))
    async with call.services.uow.begin(call.tenant_id) as tx:
        views = await tx.accounts.shared(after=after, limit=paging.rows)
        then = await _posted(tx, views, moment)
    return answer(
        paging.page(
            views,
            position=lambda view: view.account.id.int,
            show=lambda view: account_body(view, catalog, then=then),
        )
    )


@operation(
    "GET",
    f"{OF_PARTNERS}/{{account_id}}",
    summary="Get an account with its balance",
    scope=Scope.READ,
    takes=MomentQuery,
    answers={200: AccountBody},
    item=IdPrefix.ACCOUNT,
)
async def get_account(call: Call[MomentQuery]) -> Reply:
    return await _account(call)


@operation(
    "GET",
    f"{OF_THE_HOUSE}/{{account_id}}",
    summary="Get an account of the house with its balance",
    scope=Scope.OPERATOR,
    takes=MomentQuery,
    answers={200: AccountBody},
    item=IdPrefix.ACCOUNT,
)
async def get_house_account(call: Call[MomentQuery]) -> Reply:
    return await _account(call)


async def _account(call: Call[MomentQuery]) -> Reply:
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
    f"{OF_PARTNERS}/{{account_id}}/entries",
    summary="List an account's entries with the running balance, newest first",
    scope=Scope.READ,
    takes=EntriesQuery,
    answers={200: Page[EntryBody]},
    item=IdPrefix.ACCOUNT,
)
async def list_entries(call: Call[EntriesQuery]) -> Reply:
    return await _entries(call)


@operation(
    "GET",
    f"{OF_THE_HOUSE}/{{account_id}}/entries",
    summary="List the entries of an account of the house, newest first",
    scope=Scope.OPERATOR,
    takes=EntriesQuery,
    answers={200: Page[EntryBody]},
    item=IdPrefix.ACCOUNT,
)
async def list_house_entries(call: Call[EntriesQuery]) -> Reply:
    return await _entries(call)


async def _entries(call: Call[EntriesQuery]) -> Reply:
    account_id = AccountId(call.item_id)
    paging = Paging(f"entries {account_id}", call.tenant_id, call.input)
    wanted = call.input.range(call.services.clock.now(), before=_last_shown(paging))
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        # No account and no entries are two different answers.
        await tx.accounts.get(account_id)
        lines = await tx.history.statement(account_id, wanted, limit=paging.rows)
    return answer(
        paging.page(
            lines,
            # An account has one entry in a transaction, so that says where a page ended.
            position=lambda line: line.entry.transaction_id.int,
            show=lambda line: line_body(line, catalog),
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
    list_house_accounts,
    get_account,
    get_house_account,
    list_entries,
    list_house_entries,
    list_transactions,
    get_transaction,
)
