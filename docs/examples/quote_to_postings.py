"""From an LP's quote to balanced books, with nothing but the aksum-domain wheel installed.

python -m build --wheel domain && pip install domain/dist/*.whl
python docs/examples/quote_to_postings.py

Amina buys 0.015 BTC: the LP's quote becomes hers, she accepts it, her money is held, the LP fills,
and the fill is posted in the tenant's books and mirrored in those of the house.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from aksum_domain.assets.asset import Asset, AssetKind
from aksum_domain.assets.instrument import Instrument, TradingStatus
from aksum_domain.ledger.account import AccountKey, customer_owner, open_account
from aksum_domain.ledger.balance import Balance
from aksum_domain.ledger.commands import Batch, PlaceHold, Post
from aksum_domain.ledger.decision import Decision
from aksum_domain.ledger.entry import JournalTransaction, MirrorOf, sums_by_asset
from aksum_domain.ledger.hold import new_hold
from aksum_domain.ledger.rules import LedgerState, apply, decide
from aksum_domain.ledger.templates import (
    DepositAccounts,
    Header,
    ReportedFill,
    TradeAccounts,
    TradeAmounts,
    deposit_confirmed,
    mirror_keys,
    mirror_transaction,
    resolve,
    trade_filled,
    trade_instruction,
)
from aksum_domain.liquidity.quote import LpName, LpQuote
from aksum_domain.quotes.lifecycle import accept
from aksum_domain.quotes.pricing import Pricing, QuoteRequest, expiry, price_quote
from aksum_domain.quotes.quote import Quote, QuoteStatus
from aksum_domain.shared.ids import (
    AccountId,
    CustomerId,
    HoldId,
    IdPrefix,
    OrderId,
    QuoteId,
    TenantId,
    TransactionId,
    encode_id,
)
from aksum_domain.shared.money import AssetCode, format_units, parse_units
from aksum_domain.shared.price import format_price
from aksum_domain.shared.side import FixedSide, Side
from aksum_domain.tenants.tenant import PricingPolicy

# Time and ids come from outside the domain. Fixed ones make this print the same every time.
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CUSTOMER = CustomerId(UUID(int=1))
TENANT = TenantId(UUID(int=2))
ORDER = OrderId(UUID(int=3))
HOLD = HoldId(UUID(int=4))
REFERENCE = encode_id(IdPrefix.ORDER, ORDER)

BTC = Asset(code=AssetCode("BTC"), scale=8, kind=AssetKind.CRYPTO, name="Bitcoin")
USDT = Asset(code=AssetCode("USDT"), scale=8, kind=AssetKind.CRYPTO, name="Tether")
SCALES = {BTC.code: BTC.scale, USDT.code: USDT.scale}
BTC_USDT = Instrument(
    symbol="BTC-USDT",
    base=BTC,
    quote=USDT,
    tick=Decimal("0.01"),
    lot_units=parse_units("0.00001", scale=8),
    min_base_units=parse_units("0.0001", scale=8),
    max_base_units=parse_units("10", scale=8),
    min_quote_units=parse_units("5", scale=8),
    max_quote_units=parse_units("1000000", scale=8),
    status=TradingStatus.OPEN,
)
POLICY = PricingPolicy(platform_spread_ppm=1_000, tenant_spread_ppm=2_000, fee_ppm=1_500)

Ids = dict[AccountKey, AccountId]


def main() -> None:
    quote = offered(lp_quote())
    show_quote(quote)
    accepted = accept(quote, order_id=ORDER, at=NOW)

    tenant_ids = numbered({**trade_keys(), **deposit_keys()}.values(), first=100)
    amounts, fill = amounts_of(accepted), filled(accepted, tenant_ids)
    hold = new_hold(
        HOLD,
        fill.entries[0].account_id,
        accepted.pay.asset,
        accepted.pay.units,
        reference=REFERENCE,
        created_at=NOW,
    )
    batch = (Post(deposited(tenant_ids), NOW), PlaceHold(hold), Post(fill, NOW))
    show_decision(batch, tenant_ids, "In the tenant's books")

    report = ReportedFill(
        lp=quote.lp, base_units=quote.lp_base_units, quote_units=quote.lp_quote_units
    )
    told = trade_instruction(
        header(3, REFERENCE), amounts, report, mirror_of=MirrorOf(TENANT, fill.id)
    )
    house_ids = numbered(mirror_keys(told), first=200)
    mirror = mirror_transaction(told, house_ids)
    show_decision((Post(mirror, NOW),), house_ids, "In the house's books")


def lp_quote() -> LpQuote:
    """What an LP adapter would have answered to a request for 0.015 BTC."""
    return LpQuote(
        lp=LpName("alpha"),
        lp_quote_id="q-1",
        side=Side.BUY,
        base_units=parse_units("0.015", scale=BTC.scale),
        quote_units=parse_units("963.7575", scale=USDT.scale),
        rate="64250.5",
        received_at=NOW,
        expires_at=NOW + timedelta(seconds=10),
    )


def offered(lp: LpQuote) -> Quote:
    request = QuoteRequest(
        customer_id=CUSTOMER, side=Side.BUY, fixed=FixedSide.BASE, units=lp.base_units
    )
    pricing: Pricing = price_quote(request, BTC_USDT, POLICY, lp)
    return Quote(
        id=QuoteId(UUID(int=5)),
        customer_id=CUSTOMER,
        instrument=BTC_USDT.symbol,
        side=request.side,
        fixed=request.fixed,
        base_units=pricing.base_units,
        quote_units=pricing.quote_units,
        price=pricing.price,
        fee_units=pricing.fee_units,
        breakdown=pricing.breakdown,
        lp=lp.lp,
        lp_quote_id=lp.lp_quote_id,
        lp_base_units=lp.base_units,
        lp_quote_units=lp.quote_units,
        lp_expires_at=lp.expires_at,
        expires_at=expiry(
            lp.expires_at, NOW, margin=timedelta(seconds=2), max_validity=timedelta(seconds=8)
        ),
        status=QuoteStatus.OPEN,
        order_id=None,
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )


def amounts_of(quote: Quote) -> TradeAmounts:
    return TradeAmounts(
        side=quote.side,
        base=quote.base_asset,
        quote=quote.quote_asset,
        base_units=quote.base_units,
        quote_units=quote.quote_units,
        lp_units=quote.breakdown.lp_units,
        platform_spread_units=quote.breakdown.platform_spread_units,
        rounding_units=quote.breakdown.rounding_units,
        tenant_spread_units=quote.breakdown.tenant_spread_units,
        fee_units=quote.fee_units,
        lp_base_units=quote.lp_base_units,
        lp_quote_units=quote.lp_quote_units,
    )


def filled(quote: Quote, ids: Ids) -> JournalTransaction:
    accounts = resolve(TradeAccounts, trade_keys(), ids)
    return trade_filled(header(2, REFERENCE), amounts_of(quote), accounts, hold_id=HOLD)


def deposited(ids: Ids) -> JournalTransaction:
    """Amina needs something to pay with."""
    accounts = resolve(DepositAccounts, deposit_keys(), ids)
    return deposit_confirmed(
        header(1, "opening deposit"), USDT.code, parse_units("1000", scale=8), accounts
    )


def trade_keys() -> Mapping[str, AccountKey]:
    return TradeAccounts.keys(customer=customer_owner(CUSTOMER), base=BTC.code, quote=USDT.code)


def deposit_keys() -> Mapping[str, AccountKey]:
    return DepositAccounts.keys(customer=customer_owner(CUSTOMER), asset=USDT.code)


def header(number: int, reference: str) -> Header:
    return Header(TransactionId(UUID(int=number)), reference, NOW.date())


def numbered(keys: Iterable[AccountKey], *, first: int) -> Ids:
    """A store would look the accounts up, or open them."""
    unique = dict.fromkeys(keys)
    return {key: AccountId(UUID(int=number)) for number, key in enumerate(unique, start=first)}


def opened(ids: Ids) -> LedgerState:
    accounts = {
        account_id: open_account(account_id, key, at=NOW) for key, account_id in ids.items()
    }
    balances = {each.id: Balance(each.id) for each in accounts.values() if each.strict}
    return LedgerState(accounts, balances, holds={})


def show_quote(quote: Quote) -> None:
    parts = quote.breakdown
    print(f"Amina buys {amount(quote.base_units, BTC.code)} BTC at {format_price(quote.price)}")
    for name, units in (
        ("LP", parts.lp_units),
        ("platform spread", parts.platform_spread_units),
        ("tenant spread", parts.tenant_spread_units),
        ("rounding", parts.rounding_units),
        ("fee", parts.fee_units),
        ("she pays", quote.quote_units),
    ):
        print(f"  {name:<24}{amount(units, USDT.code):>20} USDT")


def show_decision(batch: Batch, ids: Ids, title: str) -> None:
    state = opened(ids)
    decision: Decision = decide(batch, state)
    names = {account_id: key for key, account_id in ids.items()}
    print(f"\n{title}: {', '.join(outcome.code.name for outcome in decision.outcomes)}")
    for transaction in decision.deltas.transactions:
        print(f"  {transaction.template}")
        for entry in transaction.entries:
            side = "credit" if entry.units > 0 else "debit"
            moved = amount(abs(entry.units), entry.asset)
            print(f"    {side:<8}{names[entry.account_id].code:<24}{moved:>18} {entry.asset}")
        for asset, units in sums_by_asset(transaction.entries).items():
            print(f"    {'sum':<32}{amount(units, asset):>18} {asset}")
    for balance in apply(state, decision.deltas).balances.values():
        key, account = names[balance.account_id], state.accounts[balance.account_id]
        available = amount(balance.available(account.type), key.asset)
        print(f"  available on {key.code:<21}{available:>18} {key.asset}")


def amount(units: int, asset: AssetCode) -> str:
    return format_units(units, scale=SCALES[asset])


if __name__ == "__main__":
    main()
