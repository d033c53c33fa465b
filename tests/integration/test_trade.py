"""One trade through the use cases on a real PostgreSQL: quote, order, postings, mirror."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from msgspec.structs import replace

from adapters.memory.liquidity_faults import Armed, Fault
from application.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientFunds,
    Overloaded,
)
from application.orders.accept_quote import AcceptQuoteCommand
from application.payments.create_transfer import TransferCommand
from application.quotes.request_quote import EXPIRY_MARGIN, RequestQuoteCommand
from domain.liquidity.quote import LpQuote, LpQuoteRefused, LpQuoteRequest
from domain.orders.order import OrderStatus, OutcomeFlag
from domain.quotes.lifecycle import QuoteAlreadyAccepted
from domain.quotes.limits import AmountAboveMaximum
from domain.quotes.quote import Quote
from domain.shared.ids import CustomerId, TenantId
from domain.shared.side import FixedSide, Side
from tests.fixtures.postgres_servers import Database
from tests.integration.stack import BACKUP, PRIMARY, Stack, open_stack, request

START_USDT = 1_000_000
START_BTC = 10


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


class Party:
    def __init__(self, tenant_id: TenantId, customer_id: CustomerId) -> None:
        self.tenant_id, self.customer_id = tenant_id, customer_id


@pytest.fixture
async def party(stack: Stack) -> Party:
    tenant_id = await stack.tenant()
    return Party(tenant_id, await stack.customer(tenant_id, usdt=START_USDT, btc=START_BTC))


def quote_command(
    party: Party,
    *,
    side: Side = Side.BUY,
    fixed: FixedSide = FixedSide.BASE,
    units: int = 10**7,
    key: str | None = None,
) -> RequestQuoteCommand:
    return RequestQuoteCommand(
        tenant_id=party.tenant_id,
        request=request(key),
        customer_id=party.customer_id,
        instrument="BTC-USDT",
        side=side,
        fixed=fixed,
        units=units,
    )


def order_command(party: Party, quote: Quote, *, key: str | None = None) -> AcceptQuoteCommand:
    return AcceptQuoteCommand(
        tenant_id=party.tenant_id, request=request(key, str(quote.id)), quote_id=quote.id
    )


async def a_quote(
    stack: Stack,
    party: Party,
    *,
    side: Side = Side.BUY,
    fixed: FixedSide = FixedSide.BASE,
    units: int = 10**7,
) -> Quote:
    command = quote_command(party, side=side, fixed=fixed, units=units)
    return (await stack.request_quote.execute(command)).value


def wrong_amount(quote: LpQuote) -> LpQuote:
    return replace(quote, base_units=2 * quote.base_units)


def too_short(quote: LpQuote) -> LpQuote:
    return replace(quote, expires_at=quote.received_at + EXPIRY_MARGIN)


async def assert_books_are_right(stack: Stack) -> None:
    while await stack.mirror_all():
        pass
    verification = await stack.verified()
    assert verification.findings == ()
    assert verification.open_mirrors == 0


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("fixed", list(FixedSide))
async def test_accepted_quote_fills_exactly_as_quoted(
    stack: Stack, party: Party, side: Side, fixed: FixedSide
) -> None:
    units = 10**7 if fixed is FixedSide.BASE else 5_000 * 10**8
    quote = await a_quote(stack, party, side=side, fixed=fixed, units=units)

    order = (await stack.accept_quote.execute(order_command(party, quote))).value

    assert order.status is OrderStatus.FILLED
    sign = 1 if side is Side.BUY else -1
    assert await stack.balances(party.tenant_id, party.customer_id) == {
        "BTC": (START_BTC * 10**8 + sign * quote.base_units, 0),
        "USDT": (START_USDT * 10**8 - sign * quote.quote_units, 0),
    }
    assert len(stack.lps[PRIMARY].executions) == 1
    assert stack.lps[BACKUP].requests == []
    await assert_books_are_right(stack)


async def test_stored_order_equals_the_one_answered(stack: Stack, party: Party) -> None:
    quote = await a_quote(stack, party)
    order = (await stack.accept_quote.execute(order_command(party, quote))).value
    async with stack.uow.begin(party.tenant_id) as tx:
        assert await tx.orders.get(order.id) == order


async def test_refused_by_primary_is_quoted_by_backup(stack: Stack, party: Party) -> None:
    stack.lps[PRIMARY].arm(Armed(fault=Fault.QUOTE_5XX))
    quote = await a_quote(stack, party)
    assert quote.lp == BACKUP
    order = (await stack.accept_quote.execute(order_command(party, quote))).value
    assert order.status is OrderStatus.FILLED
    await assert_books_are_right(stack)


@pytest.mark.parametrize("useless", [wrong_amount, too_short])
async def test_useless_answer_of_the_primary_is_quoted_by_backup(
    stack: Stack,
    party: Party,
    monkeypatch: pytest.MonkeyPatch,
    useless: Callable[[LpQuote], LpQuote],
) -> None:
    primary = stack.lps[PRIMARY]
    ask = primary.request_quote

    async def answer(request: LpQuoteRequest) -> LpQuote | LpQuoteRefused:
        answered = await ask(request)
        assert isinstance(answered, LpQuote)
        return useless(answered)

    monkeypatch.setattr(primary, "request_quote", answer)
    assert (await a_quote(stack, party)).lp == BACKUP


async def test_lost_reply_stays_unknown_until_the_lp_proves_it(stack: Stack, party: Party) -> None:
    quote = await a_quote(stack, party)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    stack.lps[PRIMARY].arm(Armed(fault=Fault.LOOKUP_404_THEN_FOUND, lookups=1))

    order = (await stack.accept_quote.execute(order_command(party, quote))).value

    assert (order.status, order.outcome) == (OrderStatus.PENDING, OutcomeFlag.UNKNOWN)
    held = (await stack.balances(party.tenant_id, party.customer_id))["USDT"]
    assert held == (START_USDT * 10**8, quote.quote_units)
    await assert_books_are_right(stack)
    settled = False
    for _ in range(4):
        await stack.make_due(order.id, party.tenant_id)
        settled = settled or any(await stack.resolve_all())
    assert settled
    async with stack.uow.begin(party.tenant_id) as tx:
        detail = await tx.orders.detail(order.id)
    assert detail.order.status is OrderStatus.FILLED
    assert detail.attempt is not None
    assert detail.attempt.resolved_by == "resolver"
    assert len(stack.lps[PRIMARY].executions) == 1
    assert stack.lps[BACKUP].requests == []
    await assert_books_are_right(stack)


async def test_rejected_by_every_lp_gives_the_hold_back(stack: Stack, party: Party) -> None:
    quote = await a_quote(stack, party)
    for name in (PRIMARY, BACKUP):
        stack.lps[name].arm(Armed(fault=Fault.LAST_LOOK_REJECT))
    order = (await stack.accept_quote.execute(order_command(party, quote))).value
    assert order.status is OrderStatus.REJECTED
    assert (await stack.balances(party.tenant_id, party.customer_id))["USDT"] == (
        START_USDT * 10**8,
        0,
    )
    await assert_books_are_right(stack)


async def test_asynchronous_lp_is_polled_within_the_request(stack: Stack, party: Party) -> None:
    quote = await a_quote(stack, party)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_ASYNC_PENDING, lookups=2))
    order = (await stack.accept_quote.execute(order_command(party, quote))).value
    assert order.status is OrderStatus.FILLED
    await assert_books_are_right(stack)


async def test_more_than_available_is_refused_and_the_refusal_replayed(
    stack: Stack, party: Party
) -> None:
    poor = Party(party.tenant_id, await stack.customer(party.tenant_id, usdt=10))
    quote = await a_quote(stack, poor)
    for _ in range(2):
        with pytest.raises(InsufficientFunds):
            await stack.accept_quote.execute(order_command(poor, quote, key="same-key"))
    assert (await stack.balances(poor.tenant_id, poor.customer_id))["USDT"] == (10 * 10**8, 0)
    async with stack.uow.begin(poor.tenant_id) as tx:
        assert (await tx.quotes.get(quote.id)).quote.status == "open"
    await assert_books_are_right(stack)


async def test_amount_over_the_limit_is_refused_and_the_refusal_replayed(
    stack: Stack, party: Party
) -> None:
    command = quote_command(party, units=10**15, key="too-much")
    with pytest.raises(AmountAboveMaximum) as first:
        await stack.request_quote.execute(command)
    with pytest.raises(AmountAboveMaximum) as again:
        await stack.request_quote.execute(command)
    assert "replayed" not in first.value.context
    assert again.value.context == first.value.context | {"replayed": True}


async def test_rows_locked_for_too_long_are_overload_and_nothing_happens(
    stack: Stack, party: Party
) -> None:
    payee = await stack.customer(party.tenant_id)
    async with stack.ops_uow.begin(party.tenant_id) as tx:
        (account,) = [
            view.account.id
            for view in await tx.accounts.of_customer(party.customer_id)
            if view.account.asset == "USDT"
        ]
    async with stack.ops.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT set_config('app.tenant_id', $1, true)", str(party.tenant_id)
        )
        await connection.execute(
            "SELECT FROM ledger_balances WHERE account_id = $1 FOR UPDATE", account
        )
        with pytest.raises(Overloaded):
            await stack.transfer.execute(
                TransferCommand(
                    tenant_id=party.tenant_id,
                    request=request(),
                    from_customer_id=party.customer_id,
                    to_customer_id=payee,
                    asset="USDT",
                    units=1,
                )
            )
    assert (await stack.balances(party.tenant_id, payee)).get("USDT", (0, 0)) == (0, 0)


async def test_key_of_another_request_is_refused(stack: Stack, party: Party) -> None:
    first, second = await a_quote(stack, party), await a_quote(stack, party)
    await stack.accept_quote.execute(order_command(party, first, key="one-key"))
    with pytest.raises(IdempotencyKeyReused):
        await stack.accept_quote.execute(order_command(party, second, key="one-key"))


async def test_thousand_copies_of_one_order_make_one(stack: Stack, party: Party) -> None:
    quote = await a_quote(stack, party)
    command = order_command(party, quote, key="the-key")

    answers = await asyncio.gather(
        *(stack.accept_quote.execute(command) for _ in range(1_000)), return_exceptions=True
    )

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert {type(error) for error in refused} <= {IdempotencyInProgress}
    orders = {answer.value.id for answer in answers if not isinstance(answer, BaseException)}
    assert len(orders) == 1
    assert len(stack.lps[PRIMARY].executions) == 1
    await stack.background.drain()
    await assert_books_are_right(stack)


async def test_quote_accepted_with_many_keys_makes_one_order(stack: Stack, party: Party) -> None:
    quote = await a_quote(stack, party)
    answers = await asyncio.gather(
        *(stack.accept_quote.execute(order_command(party, quote)) for _ in range(200)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert {type(error) for error in refused} == {QuoteAlreadyAccepted}
    assert len(refused) == 199
    assert len(stack.lps[PRIMARY].executions) == 1
    await assert_books_are_right(stack)
