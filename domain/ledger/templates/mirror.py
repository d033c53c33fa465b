"""What the house has to post for a tenant's transaction, as a payload that commits with that one.

An instruction carries everything, the id of the house's transaction included, so that following it
twice makes the same transaction and the second attempt is refused as existing. Amounts are decimal
strings of units: JSON readers, msgspec among them, do not carry integers beyond 64 bits.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, TypeAlias

import msgspec

from ...shared.ids import AccountId, TransactionId
from ...shared.money import AssetCode
from ...shared.side import Side
from ..account import AccountKey, tenant_owner
from ..chart import AccountCode
from ..entry import JournalTransaction, MirrorOf
from .deposit import HouseDepositAccounts, deposit_mirror
from .legs import Header
from .resolve import resolve
from .trade_amounts import ReportedFill, TradeAmounts
from .trade_house import HouseTradeAccounts, trade_mirror
from .withdrawal import HouseWithdrawalAccounts, WithdrawalAmounts, withdrawal_mirror
from .withdrawal_return import withdrawal_return_mirror

UnitsText = Annotated[str, msgspec.Meta(pattern=r"^-?(0|[1-9][0-9]{0,29})\Z")]


class _Mirror(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact"):
    transaction_id: TransactionId
    mirror_of: MirrorOf
    reference: str
    effective_on: date

    @property
    def header(self) -> Header:
        return Header(self.transaction_id, self.reference, self.effective_on)


class TradeMirror(_Mirror, frozen=True, kw_only=True, tag="trade.v1"):
    side: Side
    base: AssetCode
    quote: AssetCode
    base_units: UnitsText
    quote_units: UnitsText
    lp_units: UnitsText
    platform_spread_units: UnitsText
    rounding_units: UnitsText
    tenant_spread_units: UnitsText
    fee_units: UnitsText
    lp_base_units: UnitsText
    lp_quote_units: UnitsText
    lp: str
    reported_base_units: UnitsText
    reported_quote_units: UnitsText
    lp_account: AccountCode = AccountCode.LP_INVENTORY

    @property
    def amounts(self) -> TradeAmounts:
        return TradeAmounts(
            side=self.side,
            base=self.base,
            quote=self.quote,
            base_units=int(self.base_units),
            quote_units=int(self.quote_units),
            lp_units=int(self.lp_units),
            platform_spread_units=int(self.platform_spread_units),
            rounding_units=int(self.rounding_units),
            tenant_spread_units=int(self.tenant_spread_units),
            fee_units=int(self.fee_units),
            lp_base_units=int(self.lp_base_units),
            lp_quote_units=int(self.lp_quote_units),
        )

    @property
    def reported(self) -> ReportedFill:
        return ReportedFill(
            lp=self.lp,
            base_units=int(self.reported_base_units),
            quote_units=int(self.reported_quote_units),
            lp_account=self.lp_account,
        )


class DepositMirror(_Mirror, frozen=True, kw_only=True, tag="deposit.v1"):
    asset: AssetCode
    units: UnitsText


class WithdrawalMirror(_Mirror, frozen=True, kw_only=True, tag="withdrawal.v1"):
    asset: AssetCode
    units: UnitsText
    network_fee_units: UnitsText
    fee_units: UnitsText

    @property
    def amounts(self) -> WithdrawalAmounts:
        return WithdrawalAmounts(
            asset=self.asset,
            units=int(self.units),
            network_fee_units=int(self.network_fee_units),
            fee_units=int(self.fee_units),
        )


class WithdrawalReturnMirror(_Mirror, frozen=True, kw_only=True, tag="withdrawal_return.v1"):
    asset: AssetCode
    units: UnitsText


class ReversalMirror(_Mirror, frozen=True, kw_only=True, tag="reversal.v1"):
    """What the house posted for `original`, a transaction of the tenant, is to be reversed."""

    original: TransactionId

    @property
    def mirror_of_original(self) -> MirrorOf:
        return MirrorOf(self.mirror_of.tenant_id, self.original)


FactMirror: TypeAlias = TradeMirror | DepositMirror | WithdrawalMirror | WithdrawalReturnMirror
MirrorInstruction: TypeAlias = FactMirror | ReversalMirror


def trade_instruction(
    header: Header, amounts: TradeAmounts, reported: ReportedFill, *, mirror_of: MirrorOf
) -> TradeMirror:
    """`header` is that of the house's transaction, `mirror_of` points to the tenant's."""
    return TradeMirror(
        transaction_id=header.transaction_id,
        mirror_of=mirror_of,
        reference=header.reference,
        effective_on=header.effective_on,
        side=amounts.side,
        base=amounts.base,
        quote=amounts.quote,
        base_units=str(amounts.base_units),
        quote_units=str(amounts.quote_units),
        lp_units=str(amounts.lp_units),
        platform_spread_units=str(amounts.platform_spread_units),
        rounding_units=str(amounts.rounding_units),
        tenant_spread_units=str(amounts.tenant_spread_units),
        fee_units=str(amounts.fee_units),
        lp_base_units=str(amounts.lp_base_units),
        lp_quote_units=str(amounts.lp_quote_units),
        lp=reported.lp,
        reported_base_units=str(reported.base_units),
        reported_quote_units=str(reported.quote_units),
        lp_account=reported.lp_account,
    )


def deposit_instruction(
    header: Header, asset: AssetCode, units: int, *, mirror_of: MirrorOf
) -> DepositMirror:
    """`header` is that of the house's transaction, `mirror_of` points to the tenant's."""
    return DepositMirror(
        transaction_id=header.transaction_id,
        mirror_of=mirror_of,
        reference=header.reference,
        effective_on=header.effective_on,
        asset=asset,
        units=str(units),
    )


def withdrawal_instruction(
    header: Header, amounts: WithdrawalAmounts, *, mirror_of: MirrorOf
) -> WithdrawalMirror:
    """`header` is that of the house's transaction, `mirror_of` points to the tenant's."""
    return WithdrawalMirror(
        transaction_id=header.transaction_id,
        mirror_of=mirror_of,
        reference=header.reference,
        effective_on=header.effective_on,
        asset=amounts.asset,
        units=str(amounts.units),
        network_fee_units=str(amounts.network_fee_units),
        fee_units=str(amounts.fee_units),
    )


def withdrawal_return_instruction(
    header: Header, asset: AssetCode, units: int, *, mirror_of: MirrorOf
) -> WithdrawalReturnMirror:
    """`header` is that of the house's transaction, `mirror_of` points to the tenant's."""
    return WithdrawalReturnMirror(
        transaction_id=header.transaction_id,
        mirror_of=mirror_of,
        reference=header.reference,
        effective_on=header.effective_on,
        asset=asset,
        units=str(units),
    )


def reversal_instruction(
    header: Header, original: TransactionId, *, mirror_of: MirrorOf
) -> ReversalMirror:
    """`header` is that of the house's transaction, `mirror_of` points to the tenant's reversal."""
    return ReversalMirror(
        transaction_id=header.transaction_id,
        mirror_of=mirror_of,
        reference=header.reference,
        effective_on=header.effective_on,
        original=original,
    )


def mirror_keys(instruction: FactMirror) -> tuple[AccountKey, ...]:
    """The house accounts `mirror_transaction` needs."""
    return tuple(_keys(instruction).values())


def mirror_transaction(
    instruction: FactMirror, accounts: Mapping[AccountKey, AccountId]
) -> JournalTransaction:
    """What to post in the house's books; `accounts` has an id for each of `mirror_keys`."""
    keys = _keys(instruction)
    match instruction:
        case TradeMirror():
            return trade_mirror(
                instruction.header,
                instruction.amounts,
                instruction.reported,
                resolve(HouseTradeAccounts, keys, accounts),
                mirror_of=instruction.mirror_of,
            )
        case DepositMirror():
            return deposit_mirror(
                instruction.header,
                instruction.asset,
                int(instruction.units),
                resolve(HouseDepositAccounts, keys, accounts),
                mirror_of=instruction.mirror_of,
            )
        case WithdrawalMirror():
            return withdrawal_mirror(
                instruction.header,
                instruction.amounts,
                resolve(HouseWithdrawalAccounts, keys, accounts),
                mirror_of=instruction.mirror_of,
            )
        case WithdrawalReturnMirror():
            return withdrawal_return_mirror(
                instruction.header,
                instruction.asset,
                int(instruction.units),
                resolve(HouseDepositAccounts, keys, accounts),
                mirror_of=instruction.mirror_of,
            )


def _keys(instruction: FactMirror) -> Mapping[str, AccountKey]:
    tenant = tenant_owner(instruction.mirror_of.tenant_id)
    match instruction:
        case TradeMirror(lp=lp, lp_account=lp_account, base=base, quote=quote):
            return HouseTradeAccounts.keys(
                tenant=tenant, lp=lp, lp_account=lp_account, base=base, quote=quote
            )
        case DepositMirror(asset=asset) | WithdrawalReturnMirror(asset=asset):
            return HouseDepositAccounts.keys(tenant=tenant, asset=asset)
        case WithdrawalMirror(asset=asset):
            return HouseWithdrawalAccounts.keys(tenant=tenant, asset=asset)
