from domain.ledger.balance import Balance
from domain.ledger.chart import AccountCode, AccountType
from domain.ledger.trial_balance import TrialBalance, TrialLine, trial_balance
from tests.unit.domain.ledger.books import BTC, USDT, account_id, an_account

ACCOUNTS = {
    account.id: account
    for account in (
        an_account(1),
        an_account(2),
        an_account(3, AccountCode.HOUSE_CLEARING),
        an_account(4, AccountCode.FEE_REVENUE),
        an_account(5, asset=BTC),
    )
}


def test_lines_sum_by_asset_and_type_in_a_fixed_order() -> None:
    balances = [
        Balance(account_id(4), credits=5),
        Balance(account_id(3), debits=100),
        Balance(account_id(2), debits=10, credits=45),
        Balance(account_id(1), credits=60),
    ]
    assert trial_balance(ACCOUNTS, balances) == TrialBalance(
        (
            TrialLine(USDT, AccountType.ASSET, debits=100, credits=0),
            TrialLine(USDT, AccountType.LIABILITY, debits=10, credits=105),
            TrialLine(USDT, AccountType.INCOME, debits=0, credits=5),
        )
    )


def test_line_is_positive_on_its_normal_side() -> None:
    assert TrialLine(USDT, AccountType.ASSET, debits=100, credits=30).net == 70
    assert TrialLine(USDT, AccountType.LIABILITY, debits=30, credits=100).net == 70


def test_sound_books_have_no_differences() -> None:
    sound = trial_balance(
        ACCOUNTS, [Balance(account_id(1), credits=60), Balance(account_id(3), debits=60)]
    )
    assert sound.balanced
    assert trial_balance(ACCOUNTS, []).balanced


def test_difference_is_named_by_asset() -> None:
    unsound = trial_balance(
        ACCOUNTS,
        [
            Balance(account_id(1), credits=60),
            Balance(account_id(3), debits=61),
            Balance(account_id(5), credits=2),
        ],
    )
    assert not unsound.balanced
    assert unsound.differences == {USDT: -1, BTC: 2}
