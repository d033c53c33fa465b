"""One pure function per business fact: resolved accounts and amounts in, a transaction out.

Each fact that touches the house is posted twice: in the tenant's books, and, from an instruction
that commits with it, as a mirror in the house's. The two clearing entries cancel each other out.
"""

from .capital import CapitalAccounts, capital_paid_in
from .deposit import DepositAccounts, HouseDepositAccounts, deposit_confirmed, deposit_mirror
from .fee import FeeAccounts, fee_charged
from .legs import Header
from .lp_settlement import (
    LpPaymentAccounts,
    lp_prefunded,
    lp_settlement_paid,
    lp_settlement_received,
    lp_withdrawn,
)
from .mirror import (
    DepositMirror,
    FactMirror,
    MirrorInstruction,
    ReversalMirror,
    TradeMirror,
    WithdrawalMirror,
    WithdrawalReturnMirror,
    deposit_instruction,
    mirror_keys,
    mirror_transaction,
    reversal_instruction,
    trade_instruction,
    withdrawal_instruction,
    withdrawal_return_instruction,
)
from .reconciliation import ReconciliationAccounts, reconciliation_adjustment
from .resolve import resolve
from .reversal import reversal, reversal_mirror
from .trade import TradeAccounts, trade_filled
from .trade_amounts import ReportedFill, TradeAmounts, TradeAmountsInvalid
from .trade_house import HouseTradeAccounts, trade_mirror
from .transfer import TransferAccounts, transfer
from .withdrawal import (
    HouseWithdrawalAccounts,
    NetworkFeeAccounts,
    WithdrawalAccounts,
    WithdrawalAmounts,
    WithdrawalAmountsInvalid,
    network_fee_paid,
    withdrawal_mirror,
    withdrawal_sent,
)
from .withdrawal_return import withdrawal_return_mirror, withdrawal_returned

__all__ = [
    "CapitalAccounts",
    "DepositAccounts",
    "DepositMirror",
    "FactMirror",
    "FeeAccounts",
    "Header",
    "HouseDepositAccounts",
    "HouseTradeAccounts",
    "HouseWithdrawalAccounts",
    "LpPaymentAccounts",
    "MirrorInstruction",
    "NetworkFeeAccounts",
    "ReconciliationAccounts",
    "ReportedFill",
    "ReversalMirror",
    "TradeAccounts",
    "TradeAmounts",
    "TradeAmountsInvalid",
    "TradeMirror",
    "TransferAccounts",
    "WithdrawalAccounts",
    "WithdrawalAmounts",
    "WithdrawalAmountsInvalid",
    "WithdrawalMirror",
    "WithdrawalReturnMirror",
    "capital_paid_in",
    "deposit_confirmed",
    "deposit_instruction",
    "deposit_mirror",
    "fee_charged",
    "lp_prefunded",
    "lp_settlement_paid",
    "lp_settlement_received",
    "lp_withdrawn",
    "mirror_keys",
    "mirror_transaction",
    "network_fee_paid",
    "reconciliation_adjustment",
    "resolve",
    "reversal",
    "reversal_instruction",
    "reversal_mirror",
    "trade_filled",
    "trade_instruction",
    "trade_mirror",
    "transfer",
    "withdrawal_instruction",
    "withdrawal_mirror",
    "withdrawal_return_instruction",
    "withdrawal_return_mirror",
    "withdrawal_returned",
    "withdrawal_sent",
]
