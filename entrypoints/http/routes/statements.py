from typing import Final

from application.ports.ledger_history import STATEMENT_LINES_MAX, BookedBy, StatementRange
from domain.shared.ids import AccountId, IdPrefix
from domain.tenants.permissions import Scope
from entrypoints.http.moments import past, until
from entrypoints.http.operation import AnyOperation, Call, operation
from entrypoints.http.problems import invalid
from entrypoints.http.reply import Reply, answer
from entrypoints.http.schemas.statements import (
    LINES_MAX,
    StatementBody,
    StatementQuery,
    statement_body,
    statement_csv,
    statement_of,
)
from entrypoints.http.schemas.values import timestamp

CSV: Final = b"text/csv; charset=utf-8"


@operation(
    "GET",
    "/v1/accounts/{account_id}/statement",
    summary="Get an account's statement over a time, as JSON or, with format=csv, as text/csv",
    scope=Scope.READ,
    takes=StatementQuery,
    answers={200: StatementBody},
    also="text/csv",
    item=IdPrefix.ACCOUNT,
)
async def get_statement(call: Call[StatementQuery]) -> Reply:
    return await _statement(call)


@operation(
    "GET",
    "/admin/v1/accounts/{account_id}/statement",
    summary="Get a statement of the house's, as JSON or, with format=csv, as text/csv",
    scope=Scope.OPERATOR,
    takes=StatementQuery,
    answers={200: StatementBody},
    also="text/csv",
    item=IdPrefix.ACCOUNT,
)
async def get_house_statement(call: Call[StatementQuery]) -> Reply:
    return await _statement(call)


async def _statement(call: Call[StatementQuery]) -> Reply:
    account_id, now = AccountId(call.item_id), call.services.clock.now()
    begins = past(call.input.from_, now, parameter="from")
    ends = past(call.input.to, now, parameter="to")
    if begins >= ends:
        raise invalid("a statement ends after it begins", parameter="to")
    earlier = BookedBy(until(begins, parameter="from"))
    wanted = StatementRange(booked_from=begins, booked_by=until(ends, parameter="to"))
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        view = await tx.accounts.get(account_id)
        before = (await tx.history.posted([account_id], earlier))[account_id]
        lines = await tx.history.statement(account_id, wanted, limit=STATEMENT_LINES_MAX)
    if len(lines) > LINES_MAX:
        raise invalid(f"more than {LINES_MAX} entries: ask for a shorter time", parameter="from")
    statement = statement_of(view, lines, before, (timestamp(begins), timestamp(ends)))
    body = statement_body(statement, catalog)
    if call.input.format == "csv":
        return Reply(200, statement_csv(body), media_type=CSV)
    return answer(body)


OPERATIONS: Final[tuple[AnyOperation, ...]] = (get_statement, get_house_statement)
