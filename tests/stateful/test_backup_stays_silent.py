"""Whatever two LPs answer, however often they are asked: an order trades at one of them at most.

The LPs say anything at all. The backup must hear of an order only if the first LP's very last word
was a definitive refusal, and never after a word that left its outcome open to a look-up.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from adapters.memory.clock import ManualClock
from adapters.memory.liquidity import MemoryLiquidityProvider
from application.customers.create_customer import CreateCustomer, CreateCustomerCommand
from application.idempotency import fingerprint
from application.orders import accept_quote
from application.orders.accept_quote import AcceptQuote, AcceptQuoteCommand
from application.orders.resolve_execution import ResolveExecution
from application.payments.deposit_in_sandbox import DepositCommand, DepositInSandbox
from application.ports.catalog import ListedLp, LpRole
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import DueIntent
from application.ports.trading import OrderDetail
from application.ports.unit_of_work import UnitOfWork
from application.quotes.request_quote import RequestQuote, RequestQuoteCommand
from domain.liquidity.outcome import (
    ExecutionKey,
    Filled,
    LpExecute,
    NotSeen,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.order import OrderStatus
from domain.shared.ids import CustomerId, TenantId
from domain.shared.price import Price
from domain.shared.side import FixedSide, Side
from tests.api.world import World

PRIMARY, BACKUP = LpName("lp_a"), LpName("lp_b")
WORDS: Final = ("filled", "rejected", "pending", "unknown", "not_seen")
Said = Outcome | NotSeen


class AnyWord(MemoryLiquidityProvider):
    """Quotes as a vendor would, and then says what it was told to say, the last word for ever."""

    def __init__(self, name: LpName, clock: ManualClock, words: Sequence[str], price: int) -> None:
        super().__init__(name, clock=clock, prices={"BTC-USDT": Price(Decimal(price))})
        self._words = list(words)
        self._asked: LpExecute | None = None
        self.said: list[Said] = []
        self.executed = 0

    @override
    async def execute_quote(self, request: LpExecute) -> Outcome:
        self.executed += 1
        self._asked = request
        said = self._say()
        return Unknown(cause="lost") if isinstance(said, NotSeen) else said

    @override
    async def get_execution(self, key: ExecutionKey) -> Said:
        return self._say()

    def _say(self) -> Said:
        word = self._words.pop(0) if len(self._words) > 1 else self._words[0]
        said = self._as_said(word)
        self.said.append(said)
        return said

    def _as_said(self, word: str) -> Said:
        asked = self._asked
        match word:
            case "filled" if asked is not None:
                return Filled(
                    lp_execution_id=f"{self.name}-1",
                    base_units=asked.base_units,
                    quote_units=asked.quote_units,
                    executed_at=self._clock.now(),
                )
            case "rejected":
                return Rejected(reason="last_look", detail="no")
            case "pending":
                return Pending(lp_execution_id=f"{self.name}-1")
            case "not_seen":
                return NotSeen(authoritative=True, detail="none", witnesses=("order", "list"))
            case _:
                return Unknown(cause="lost")


class Trade(msgspec.Struct, frozen=True):
    detail: OrderDetail
    held: int
    paid: int
    primary: AnyWord
    backup: AnyWord


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def no_pause_between_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept_quote, "POLL_EVERY", timedelta(0))


@settings(deadline=None, max_examples=120)
@given(
    first=words,
    second=words,
    backup_price=st.sampled_from([59_000, 60_000, 60_100, 61_000]),
    looks=st.integers(0, 4),
    side=st.sampled_from(Side),
)
def test_backup_hears_of_an_order_only_after_a_definitive_refusal(
    first: list[str], second: list[str], backup_price: int, looks: int, side: Side
) -> None:
    trade = asyncio.run(_traded(first, second, backup_price, looks, side))
    attempts = [*reversed(trade.detail.earlier), trade.detail.attempt]
    assert all(each is not None for each in attempts)
    assert trade.primary.executed == 1
    assert trade.backup.executed <= 1
    if trade.backup.executed:
        *before, last = trade.primary.said
        assert isinstance(last, Rejected)
        assert all(isinstance(each, Pending) for each in before)
    states = [each.status for each in attempts if each is not None]
    assert states[:-1] == [AttemptStatus.REJECTED] * (len(states) - 1)
    order = trade.detail.order
    if order.status is OrderStatus.FILLED:
        assert (states[-1], trade.held) == (AttemptStatus.FILLED, 0)
    elif order.status is OrderStatus.REJECTED:
        assert (states[-1], trade.held, trade.paid) == (AttemptStatus.REJECTED, 0, 0)
    else:
        assert states[-1] in {AttemptStatus.PENDING, AttemptStatus.UNKNOWN}
        assert (trade.held > 0, trade.paid) == (True, 0)


async def _traded(
    first: list[str], second: list[str], backup_price: int, looks: int, side: Side
) -> Trade:
    world = World()
    await world.prepare()
    primary = AnyWord(PRIMARY, world.clock, first, 60_000)
    backup = AnyWord(BACKUP, world.clock, second, backup_price)
    world.providers |= {PRIMARY: primary, BACKUP: backup}
    world.store.lps = {
        PRIMARY: ListedLp(name=PRIMARY, dialect="memory", role=LpRole.PRIMARY, rank=1),
        BACKUP: ListedLp(name=BACKUP, dialect="memory", role=LpRole.BACKUP, rank=1),
    }
    tenant_id, customer_id = await _customer(world)
    before = await _balances(world, tenant_id, customer_id)
    quote = (
        await (await world.container.get(RequestQuote)).execute(
            RequestQuoteCommand(
                tenant_id=tenant_id,
                request=_request("q"),
                customer_id=customer_id,
                instrument="BTC-USDT",
                side=side,
                fixed=FixedSide.BASE,
                units=10**6,
            )
        )
    ).value
    accept: AcceptQuote = await world.container.get(AcceptQuote)
    command = AcceptQuoteCommand(tenant_id=tenant_id, request=_request("o"), quote_id=quote.id)
    order = (await accept.execute(command)).value
    resolver: ResolveExecution = await world.container.get(ResolveExecution)
    for _ in range(looks):
        world.later(timedelta(minutes=2))
        await resolver.execute(DueIntent(tenant_id, order.id))
    uow: UnitOfWork = await world.container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        detail = await tx.orders.detail(order.id)
    after = await _balances(world, tenant_id, customer_id)
    asset = str(quote.pay_asset)
    await world.container.close()
    return Trade(
        detail=detail,
        held=after[asset][1],
        paid=before[asset][0] - after[asset][0],
        primary=primary,
        backup=backup,
    )


async def _customer(world: World) -> tuple[TenantId, CustomerId]:
    """With enough of both assets."""
    tenant_id, _ = await world.tenant("Acme")
    create: CreateCustomer = await world.container.get(CreateCustomer)
    made = await create.execute(
        CreateCustomerCommand(tenant_id=tenant_id, request=_request("c"), external_id="c")
    )
    deposit: DepositInSandbox = await world.container.get(DepositInSandbox)
    for asset, units in (("USDT", 10**6 * 10**8), ("BTC", 10**9)):
        await deposit.execute(
            DepositCommand(
                tenant_id=tenant_id,
                request=_request(asset),
                customer_id=made.value.id,
                asset=asset,
                units=units,
            )
        )
    return tenant_id, made.value.id


async def _balances(
    world: World, tenant_id: TenantId, customer_id: CustomerId
) -> dict[str, tuple[int, int]]:
    uow: UnitOfWork = await world.container.get(UnitOfWork)
    async with uow.begin(tenant_id) as tx:
        views = await tx.accounts.of_customer(customer_id)
    return {view.account.asset: (view.posted, view.balance.held) for view in views}


def _request(key: str) -> IdempotentRequest:
    return IdempotentRequest(key, fingerprint("test", key))
