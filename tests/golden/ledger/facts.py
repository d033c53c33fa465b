"""One example of every business fact, with the amounts docs/ledger talks about."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from domain.ledger.account import AccountKey, customer_owner, tenant_owner
from domain.ledger.chart import AccountCode
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.templates import (
    CapitalAccounts,
    DepositAccounts,
    FeeAccounts,
    Header,
    LpPaymentAccounts,
    NetworkFeeAccounts,
    ReconciliationAccounts,
    ReportedFill,
    TradeAccounts,
    TradeAmounts,
    TransferAccounts,
    WithdrawalAccounts,
    WithdrawalAmounts,
    capital_paid_in,
    deposit_confirmed,
    deposit_instruction,
    fee_charged,
    lp_prefunded,
    lp_settlement_paid,
    lp_settlement_received,
    lp_withdrawn,
    mirror_keys,
    mirror_transaction,
    network_fee_paid,
    reconciliation_adjustment,
    resolve,
    reversal,
    reversal_mirror,
    trade_filled,
    trade_instruction,
    transfer,
    withdrawal_instruction,
    withdrawal_return_instruction,
    withdrawal_returned,
    withdrawal_sent,
)
from domain.shared.ids import AccountId, CustomerId, HoldId, TenantId, TransactionId
from domain.shared.money import AssetCode
from domain.shared.side import Side

BTC: Final = AssetCode("BTC")
USDT: Final = AssetCode("USDT")
# Both have the same scale here; the renderer relies on it.
SCALE: Final = 8
ONE: Final = 10**SCALE

NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=5)
TODAY: Final = date(2026, 3, 2)
TENANT: Final = TenantId(UUID(int=1))
AMINA: Final = customer_owner(CustomerId(UUID(int=1)))
KOFI: Final = customer_owner(CustomerId(UUID(int=2)))
PEOPLE: Final = {AMINA: "Amina", KOFI: "Kofi", tenant_owner(TENANT): "the tenant", "alpha": "alpha"}
HOLD: Final = HoldId(UUID(int=1))
MIRROR_OF: Final = MirrorOf(TENANT, TransactionId(UUID(int=1)))


LpPayment: TypeAlias = Callable[[Header, AssetCode, int, LpPaymentAccounts], JournalTransaction]
PAID, RECEIVED = lp_settlement_paid, lp_settlement_received
PREFUNDED, WITHDRAWN = lp_prefunded, lp_withdrawn


class Ids(dict[AccountKey, AccountId]):
    """Gives every key an id the first time it is asked for, and knows the way back."""

    def __missing__(self, key: AccountKey) -> AccountId:
        self[key] = AccountId(UUID(int=len(self) + 1))
        return self[key]

    def key_of(self, account_id: AccountId) -> AccountKey:
        return next(key for key, known in self.items() if known == account_id)


IDS: Final = Ids()


def header(number: int, reference: str) -> Header:
    return Header(TransactionId(UUID(int=number)), reference, TODAY)


def on_grid() -> TradeAmounts:
    """Half a bitcoin at 50,000, exactly as the LP quoted it."""
    return TradeAmounts(
        side=Side.BUY,
        base=BTC,
        quote=USDT,
        base_units=ONE // 2,
        quote_units=25_100_08000500,
        lp_units=25_000 * ONE,
        platform_spread_units=25 * ONE,
        rounding_units=500_000,
        tenant_spread_units=50 * ONE,
        fee_units=25_07500500,
        lp_base_units=ONE // 2,
        lp_quote_units=25_000 * ONE,
    )


def off_grid() -> TradeAmounts:
    """The LP takes ten-thousandths of a bitcoin only, so 0.00005678 stay with the house."""
    return TradeAmounts(
        side=Side.SELL,
        base=BTC,
        quote=USDT,
        base_units=12_345_678,
        quote_units=6_146_93652928,
        lp_units=6_171_60443220,
        platform_spread_units=6_17160443,
        rounding_units=1,
        tenant_spread_units=12_34320886,
        fee_units=6_15308962,
        lp_base_units=12_340_000,
        lp_quote_units=6_168_76600000,
    )


def filled(amounts: TradeAmounts) -> JournalTransaction:
    keys = TradeAccounts.keys(customer=AMINA, base=BTC, quote=USDT)
    accounts = resolve(TradeAccounts, keys, ids_of(keys.values()))
    return trade_filled(header(1, "ord_1"), amounts, accounts, hold_id=HOLD)


def mirrored(amounts: TradeAmounts, base_units: int, quote_units: int) -> JournalTransaction:
    """What the house posts when the LP reports these two legs."""
    reported = ReportedFill(lp="alpha", base_units=base_units, quote_units=quote_units)
    told = trade_instruction(header(2, "ord_1"), amounts, reported, mirror_of=MIRROR_OF)
    return mirror_transaction(told, ids_of(mirror_keys(told)))


def mirrored_on_credit(amounts: TradeAmounts) -> JournalTransaction:
    """The same with an LP that settles after the trade."""
    reported = ReportedFill(
        lp="alpha",
        base_units=amounts.lp_base_units,
        quote_units=amounts.lp_quote_units,
        lp_account=AccountCode.LP_SETTLEMENT,
    )
    told = trade_instruction(header(2, "ord_1"), amounts, reported, mirror_of=MIRROR_OF)
    return mirror_transaction(told, ids_of(mirror_keys(told)))


def lp_payment(template: LpPayment, code: AccountCode, asset: AssetCode) -> JournalTransaction:
    keys = LpPaymentAccounts.keys(lp="alpha", lp_account=code, asset=asset)
    accounts = resolve(LpPaymentAccounts, keys, ids_of(keys.values()))
    units = 25_000 * ONE if asset == USDT else ONE // 2
    return template(header(3, "lps_1"), asset, units, accounts)


def settled(template: LpPayment, asset: AssetCode) -> JournalTransaction:
    return lp_payment(template, AccountCode.LP_SETTLEMENT, asset)


def placed(template: LpPayment) -> JournalTransaction:
    return lp_payment(template, AccountCode.LP_INVENTORY, USDT)


def deposited() -> JournalTransaction:
    keys = DepositAccounts.keys(customer=AMINA, asset=USDT)
    accounts = resolve(DepositAccounts, keys, ids_of(keys.values()))
    return deposit_confirmed(header(1, "dep_1"), USDT, 500 * ONE, accounts)


def deposit_mirrored() -> JournalTransaction:
    told = deposit_instruction(header(2, "dep_1"), USDT, 500 * ONE, mirror_of=MIRROR_OF)
    return mirror_transaction(told, ids_of(mirror_keys(told)))


def capital() -> JournalTransaction:
    keys = CapitalAccounts.keys(lp="alpha", asset=USDT)
    accounts = resolve(CapitalAccounts, keys, ids_of(keys.values()))
    return capital_paid_in(header(3, "capital_1"), USDT, 1_000_000 * ONE, accounts)


def transferred(*, hold_id: HoldId | None = None) -> JournalTransaction:
    keys = TransferAccounts.keys(payer=AMINA, payee=KOFI, asset=USDT)
    accounts = resolve(TransferAccounts, keys, ids_of(keys.values()))
    return transfer(header(4, "trf_1"), USDT, 120 * ONE, accounts, hold_id=hold_id)


def reversed_transfer() -> JournalTransaction:
    return reversal(header(5, "trf_1"), transferred())


def reversed_deposit() -> JournalTransaction:
    return reversal(header(10, "dep_1"), deposited())


def reversed_deposit_mirrored() -> JournalTransaction:
    mirror_of = MirrorOf(TENANT, reversed_deposit().id)
    return reversal_mirror(header(11, "dep_1"), deposit_mirrored(), mirror_of=mirror_of)


def charged() -> JournalTransaction:
    keys = FeeAccounts.keys(customer=AMINA, asset=USDT)
    accounts = resolve(FeeAccounts, keys, ids_of(keys.values()))
    return fee_charged(header(6, "fee_1"), USDT, 2 * ONE, accounts)


def withdrawal() -> WithdrawalAmounts:
    """Amina sends 300, which costs her 1 for the network and 2 for the tenant."""
    return WithdrawalAmounts(
        asset=USDT, units=300 * ONE, network_fee_units=1 * ONE, fee_units=2 * ONE
    )


def sent() -> JournalTransaction:
    keys = WithdrawalAccounts.keys(customer=AMINA, asset=USDT)
    accounts = resolve(WithdrawalAccounts, keys, ids_of(keys.values()))
    return withdrawal_sent(header(1, "wdr_1"), withdrawal(), accounts, hold_id=HOLD)


def sent_mirrored() -> JournalTransaction:
    told = withdrawal_instruction(header(2, "wdr_1"), withdrawal(), mirror_of=MIRROR_OF)
    return mirror_transaction(told, ids_of(mirror_keys(told)))


def network_fee() -> JournalTransaction:
    keys = NetworkFeeAccounts.keys(asset=USDT)
    accounts = resolve(NetworkFeeAccounts, keys, ids_of(keys.values()))
    return network_fee_paid(header(7, "wdr_1"), USDT, 80_000_000, accounts)


def returned() -> JournalTransaction:
    keys = DepositAccounts.keys(customer=AMINA, asset=USDT)
    accounts = resolve(DepositAccounts, keys, ids_of(keys.values()))
    return withdrawal_returned(header(8, "wdr_1"), USDT, 295 * ONE, accounts)


def return_mirrored() -> JournalTransaction:
    told = withdrawal_return_instruction(header(9, "wdr_1"), USDT, 295 * ONE, mirror_of=MIRROR_OF)
    return mirror_transaction(told, ids_of(mirror_keys(told)))


def reconciled(whole: int, *, written_off: bool) -> JournalTransaction:
    """The LP's list has `whole` more than our books; negative: less."""
    inventory = AccountKey(AccountCode.LP_INVENTORY, USDT, "alpha")
    keys = ReconciliationAccounts.keys(inventory, written_off=written_off)
    accounts = resolve(ReconciliationAccounts, keys, ids_of(keys.values()))
    return reconciliation_adjustment(
        header(7, "brk_1"), USDT, whole * ONE, accounts, written_off=written_off
    )


def ids_of(keys: Iterable[AccountKey]) -> dict[AccountKey, AccountId]:
    return {key: IDS[key] for key in keys}
