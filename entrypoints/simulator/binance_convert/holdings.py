"""What lies in our spot wallet at the vendor, which every conversion is paid from and into."""

from decimal import ROUND_DOWN

from aiohttp import web

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.errors import VendorError, ok
from entrypoints.simulator.binance_convert.guard import Call
from entrypoints.simulator.binance_convert.schemas import AccountAnswer, AssetBalance
from entrypoints.simulator.decimals import rounded
from entrypoints.simulator.vendor import Vendor

ACCOUNT_PARAMS = frozenset(("omitZeroBalances",))
# The account call has as many for every asset, whatever conversions are as fine as.
PLACES = 8
NOTHING = "0.00000000"
UID = 354_937_868
_SWITCH = {None: False, "false": False, "true": True}


class Holdings:
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    async def account(self, call: Call) -> web.Response:
        """Conversions settle at once, so that nothing is ever locked."""
        text = call.params.get("omitZeroBalances")
        if text not in _SWITCH:
            raise VendorError(errors.ILLEGAL_CHARACTERS, param="omitZeroBalances")
        held = [
            AssetBalance(asset, f"{rounded(amount, places=PLACES, rounding=ROUND_DOWN):f}", NOTHING)
            for asset, amount in sorted(self._vendor.account.balances().items())
            if amount or not _SWITCH[text]
        ]
        return ok(AccountAnswer(update_time=call.now_ms, balances=held, uid=UID))
